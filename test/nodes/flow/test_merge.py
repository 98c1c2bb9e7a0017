import asyncio

from hypothesis import given, settings, strategies as st

from dnne_ros.nodes.flow.merge import ORNode


def test_each_item_once_in_the_order_of_its_input(drive):
    items = {name: [(name, i) for i in range(50)] for name in ("input_a", "input_b", "input_c")}

    async def script(context):
        for together in zip(*items.values()):
            for name, value in zip(items, together):
                context.feed(name, value)
        await context.sends(150)

    sent = drive(ORNode(), script, linked=items).outputs("output")
    assert len(sent) == len(set(sent)) == 150
    for name, values in items.items():
        assert [value for value in sent if value[0] == name] == values


def test_one_input_is_enough(drive):
    async def script(context):
        context.feed("input_b", 1, 2, 3)
        await context.sends(3)

    assert drive(ORNode(), script, linked=["input_b"]).outputs("output") == [1, 2, 3]


def test_a_silent_input_holds_nobody_back(drive):
    async def script(context):
        for i in range(5):
            context.feed("input_c", i)
            await context.sends(i + 1)

    sent = drive(ORNode(), script, linked=["input_a", "input_c"]).outputs("output")
    assert sent == [0, 1, 2, 3, 4]


def test_what_comes_is_passed_on_itself(drive):
    value = object()

    async def script(context):
        context.feed("input_a", value)
        await context.sends(1)

    assert drive(ORNode(), script, linked=["input_a"]).outputs("output")[0] is value


@given(st.lists(st.sampled_from(["input_a", "input_b", "input_c"]), max_size=30),
       st.lists(st.booleans(), min_size=30, max_size=30))
@settings(max_examples=50, deadline=None)
def test_any_interleaving(drive, order, pauses):
    async def script(context):
        for number, (name, pause) in enumerate(zip(order, pauses)):
            context.feed(name, (name, number))
            if pause:
                await asyncio.sleep(0)
        await context.sends(len(order))

    sent = drive(ORNode(), script, linked=["input_a", "input_b", "input_c"]).outputs("output")
    assert sorted(sent) == sorted((name, number) for number, name in enumerate(order))
    for name in ("input_a", "input_b", "input_c"):
        mine = [number for source, number in sent if source == name]
        assert mine == sorted(mine)
