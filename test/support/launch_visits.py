"""What launch would start, without starting it."""


def visit(entity, context):
    """Return the node actions below ``entity``, expanded where launch comes upon them."""
    from launch_ros.actions import Node

    if isinstance(entity, Node):
        entity._perform_substitutions(context)
        return [entity]
    return [node for child in entity.visit(context) or () for node in visit(child, context)]


def words(node):
    """Return the command line of a node action, as far as it is known before it runs."""
    from launch import LaunchContext
    from launch.utilities import perform_substitutions

    context = LaunchContext()
    context.extend_locals({"ros_specific_arguments": {"ns": node.expanded_node_namespace}})
    return [perform_substitutions(context, word) for word in node.cmd]
