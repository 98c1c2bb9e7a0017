"""Networks drawn at random, and what comes of them."""

import asyncio
from random import Random
from types import SimpleNamespace

from hypothesis import strategies as st
from networks import Network, turns

from dnne_ros.node_api.answering import ByName
from dnne_ros.node_api.inline import Inline
from dnne_ros.runtime.regions import region


@st.composite
def networks(draw):
    """Return nodes that sometimes give nothing, or only one of their outputs."""
    names = [f"n{number}" for number in range(draw(st.integers(2, 7)))]
    asked = draw(st.sampled_from(((), (), ("s",), ("s", "t"))))
    nodes = {source: ({}, lambda: iter(range(40))) for source in asked}
    for place, name in enumerate(names):
        outputs = [f"{each}.{port}" for each in names[:place] for port in ("out", "more")]
        inputs = draw(st.lists(st.sampled_from(["s.out", "t.out", *outputs * 2]), min_size=1,
                               max_size=3))
        nodes[name] = ({f"p{number}": source for number, source in enumerate(inputs)},
                       _function(draw(st.integers(0, 4)), draw(st.integers(1, 7)), inputs))
    taken = {source for inputs, _ in nodes.values() for source in inputs.values()}
    return {name: node for name, node in nodes.items() if node[0] or f"{name}.out" in taken}


def _function(kind, factor, inputs):
    if kind == 4:
        return _inlined(factor, [f"p{number}" for number in range(len(inputs))])

    def answer(*items):
        value = sum(factor ** place * item for place, item in enumerate(items, 1)) % 1009
        if kind == 1 and value % 3 == 0:
            return None
        if kind == 2 and value % 4 == 0:
            return {"more": value}
        return {"out": value} if kind == 3 else {"out": value, "more": value + 1}
    return answer


def _inlined(factor, ports):
    value = f"({' + '.join(f'factor ** {n} * {port}' for n, port in enumerate(ports, 1))}) % prime"
    inline = Inline(value, f"-({value})", prime=1009)
    code = compile(f"{{'out': {value}, 'more': -({value})}}", "<made>", "eval")
    node = SimpleNamespace(values={"factor": factor})
    return ByName(lambda **items: eval(code, {"factor": factor, "prime": 1009, **items}), ports,
                  compiled=inline, node=node)


async def outcome(nodes, compiled, capacity, seed, trace=lambda node: None):
    """Return what comes out of ``nodes``, and what was counted: by itself or ``compiled``.

    A ``seed`` but 0 cuts nodes out and lets them in again.  ``trace(node)`` is called at first.
    """
    random = Random(seed)
    network = Network(nodes, compiled=compiled, capacity=capacity)
    network.start()
    for node in network.nodes.values():
        trace(node)
    came = {port: [] for port in network.ends}

    async def collect(port):
        while True:
            came[port].append(await network.ends[port].get(None))

    async def send(output):
        for number in range(40):
            await output.send(number)
            if random.random() < 0.1:
                await turns(random.randrange(5))

    tasks = [asyncio.create_task(collect(port)) for port in network.ends]
    tasks += [asyncio.create_task(send(output)) for output in network.sources.values()]
    usual = region._PATIENCE, region._HOLD, region._NOT_AGAIN
    region._PATIENCE, region._HOLD, region._NOT_AGAIN = 0.002, 0.0005, 0.003
    try:
        still = 0
        before = network.counts()
        while still < 3:
            for node in network.nodes.values():
                if seed and random.random() < 0.05:
                    random.choice((node.cut, node.rejoin))()
            await turns()
            if compiled:
                await asyncio.sleep(0.004)
            now = network.counts()
            still, before = (still + 1 if now == before else 0), now
    finally:
        region._PATIENCE, region._HOLD, region._NOT_AGAIN = usual
        for node in network.nodes.values():
            assert not node.task.done() or (not node.inputs and node.task.result() is None)
            node.task.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.sleep(0)
    return came, network.counts()
