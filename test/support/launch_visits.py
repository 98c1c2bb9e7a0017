"""What launch would start, without starting it."""


def visit(entity, context):
    """Return the node actions below ``entity``, expanded where launch comes upon them."""
    from launch_ros.actions import Node

    if isinstance(entity, Node):
        entity._perform_substitutions(context)
        return [entity]
    return [node for child in entity.visit(context) or () for node in visit(child, context)]
