"""What the front end sends to a server."""


def asked(drawing, file="cartpole_ppo.json"):
    """Return the body of what the front end sends to run a drawing."""
    return {"client_id": "c", "prompt": {}, "extra_data": {
        "extra_pnginfo": {"workflow": drawing}, "dnne_ros": {"file": file}}}
