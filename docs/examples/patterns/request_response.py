"""Request and response: answers find their questions by an id, in whatever order they come."""

import asyncio

from dnne_ros import Dict, Input, Node, Output, Widget


class ClientNode(Node):
    """Ask several questions at a time, and give up on those that are not answered in time."""

    response = Input(Dict(), "id and answer.", free_first_round=True)
    request = Output(Dict(), "id and question.", starts_loop=True)
    questions = Widget(20, "How many it asks.", minimum=1)
    timeout = Widget(5.0, "How long it waits for an answer.", minimum=0.001, unit="s")

    async def process(self):
        """Ask all questions at once, and end the run when all have been answered."""
        self.waiting = {}
        listening = asyncio.ensure_future(self.listen())
        answers = await asyncio.gather(*(self.ask(number) for number in range(self.questions)))
        listening.cancel()
        self.context.report({"answers": answers})
        await self.context.finish("answered")

    async def ask(self, question):
        """Return the answer to a question; TimeoutError if there is none in time."""
        self.waiting[question] = asyncio.get_running_loop().create_future()
        await self.send_output({"id": question, "question": question}, "request")
        try:
            done, _ = await asyncio.wait({self.waiting[question]}, timeout=self.timeout)
            if not done:
                raise TimeoutError(f"no answer to question {question}")
            return done.pop().result()
        finally:
            del self.waiting[question]

    async def listen(self):
        """Hand each answer to who asked; nobody waits for one that comes too late."""
        while True:
            response = await self.get_input("response")
            asked = self.waiting.get(response["id"])
            if asked is not None and not asked.done():
                asked.set_result(response["answer"])


class ServerNode(Node):
    """Square numbers, several at a time: the small ones take longest."""

    request = Input(Dict(), "id and question.")
    response = Output(Dict(), "id and answer.")

    async def process(self):
        """Answer each request in a task of its own."""
        self.tasks = set()
        while True:
            task = asyncio.ensure_future(self.answer(await self.get_input("request")))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def answer(self, request):
        """Think, and answer."""
        await asyncio.sleep(0.1 / (1 + request["question"]))
        await self.send_output({"id": request["id"], "answer": request["question"] ** 2},
                               "response")
