"""The entry in the list of simulators: light, as every command reads it."""

from dnne_ros import Backend

CORRIDOR = Backend("corridor", "corridor_kit.corridor", "Corridor", tasks=("Corridor",),
                   requires="torch", install="pip install torch")
