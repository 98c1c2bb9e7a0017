"""Edges that tools draw, and subscribers that count."""

from std_msgs.msg import Float64

from dnne_ros.runtime.edges.public_topic import DrawnEdge, PublicTopic

EDGES = {"/reader": 2, "/other": 1}


def test_edges_are_told_from_those_who_listen(ros_loop):
    source, reader, other = (ros_loop.node(name) for name in ("source", "reader", "other"))
    publisher = source.create_publisher(Float64, "flow", 10)
    topic = PublicTopic(source, publisher, EDGES)

    def matched(number):
        return ros_loop.until(lambda: publisher.get_subscription_count() == number)

    async def main():
        assert topic.watchers() == 0
        drawn = [DrawnEdge(reader, "flow", Float64), DrawnEdge(reader, "flow", Float64)]
        await matched(2)
        assert topic.watchers() == 0
        heard = []
        other.create_subscription(Float64, "flow", heard.append, 10)  # where an edge is missing
        await matched(3)
        await ros_loop.until(lambda: names_are_known(source, 3))
        assert topic.watchers() == 0  # it has the name of a reader that is not there yet
        drawn.append(DrawnEdge(other, "flow", Float64))
        await matched(4)
        await ros_loop.until(lambda: names_are_known(source, 4))
        assert topic.watchers() == 1
        drawn.pop(0).close()  # as when a process starts again
        await matched(3)
        await ros_loop.until(lambda: names_are_known(source, 3))
        assert topic.watchers() == 1
        topic.publish(Float64(data=4.5))
        await ros_loop.until(lambda: heard)
        topic.flush(10)
        for edge in drawn:
            edge.close()

    ros_loop.run(main())


def names_are_known(node, number):
    known = [each for each in node.get_subscriptions_info_by_topic("/flow")
             if "UNKNOWN" not in each.node_name]
    return len(known) == number
