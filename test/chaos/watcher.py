"""Watches a graph of Cartpole from outside, as anybody may: it counts what it hears."""

import contextlib

import rclpy
from std_msgs.msg import Float32MultiArray, Float64

heard = {"observations": 0, "mean_return": 0}


def main():
    rclpy.init()
    node = rclpy.create_node("watcher")

    def count(name):
        def counted(_):
            heard[name] += 1
        return counted

    node.create_subscription(Float32MultiArray, "/cartpole_ppo/isaac_gym_step_4/observations",
                             count("observations"), 10)
    node.create_subscription(Float64, "/cartpole_ppo/ppo_trainer_6/mean_return",
                             count("mean_return"), 10)
    with contextlib.suppress(KeyboardInterrupt):
        rclpy.spin(node)
    print(heard, flush=True)


if __name__ == "__main__":
    main()
