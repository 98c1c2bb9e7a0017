"""What other programs call the options of a run, and what they are called here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_SAME_THING = {
    "--max-env-steps": ("max-steps", "total-timesteps", "total-steps", "num-steps", "timesteps",
                        "steps", "max-frames", "num-frames"),
    "--max-updates": ("max-iterations", "num-iterations", "iterations", "max-iters", "updates",
                      "num-updates"),
    "--epochs": ("max-epochs", "num-epochs", "n-epochs"),
    "--duration": ("time-limit", "max-time", "max-duration", "runtime", "test-mode"),
    "--until-return": ("target-reward", "target-return", "reward-threshold", "stop-reward"),
    "--load-checkpoint-dir": ("checkpoint", "checkpoint-dir", "checkpoint-path", "resume",
                              "load-run", "load-model", "pretrained", "model-path"),
    "--save-checkpoint-dir": ("output-dir", "out-dir", "model-dir", "run-dir"),
    "--inference": ("play", "eval", "evaluate", "test", "deterministic"),
    "--tensorboard": ("log-dir", "logdir", "tensorboard-log"),
    "--log-to mlflow, wandb or tensorboard:DIR": (
        "logger", "log", "report-to", "track", "mlflow", "wandb", "use-wandb", "wandb-project"),
    "--quiet": ("silent", "no-progress"),
    "--set NODE.num_envs=N": ("num-envs", "n-envs", "envs"),
    "--set NODE.learning_rate=X": ("learning-rate", "lr"),
    "--set NODE.WIDGET=VALUE": ("gamma", "batch-size", "horizon-length", "device", "sim-device",
                                "rl-device", "env", "env-id", "task"),
    "--ros-args --log-level debug": ("verbose", "debug", "log-level"),
    "dnne-ros top in another terminal, or RViz": ("visual", "render", "gui", "viewer"),
    "left out, as nothing is drawn unless a graph asks for it": ("headless", "no-render"),
}
_HERE = {f"--{name}": here for here, names in _SAME_THING.items() for name in names} | {
    "-v": "--ros-args --log-level debug"}


def unknown_arguments(words: Sequence[str]) -> list[str]:
    """Return a problem for each argument that is none, with what is meant where that is known."""
    return list(dict.fromkeys(_problems(words)))


def _problems(words: Sequence[str]) -> Iterable[str]:
    options = [word for word in words if word.startswith("-") and not _is_number(word)]
    for word in options or words:  # what follows an unknown option belongs to it
        name = word.partition("=")[0]
        here = _HERE.get(name.replace("_", "-").lower())
        hint = f": here it is {here}" if here else ""
        yield f"unrecognised {name}{hint}"


def _is_number(word: str) -> bool:
    return word[1:2].isdigit() or word[1:2] == "."
