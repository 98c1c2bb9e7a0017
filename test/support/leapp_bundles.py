"""Bundles that the ``leapp`` package makes: what Isaac Lab's own exports look like."""

import leapp
import torch
from leapp import annotate

JOINTS = ("hip", "knee", "ankle")
HIDDEN = 8


class RecurrentPolicy(torch.nn.Module):
    """A GRU that sees joints, a command and its own last action, and knows its gains."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        joints = len(JOINTS)
        self.cell = torch.nn.GRUCell(3 * joints + 3, HIDDEN)
        self.head = torch.nn.Linear(HIDDEN, joints)

    def forward(self, position, velocity, command, last_action, hidden):
        """Return the action and the new hidden state, (1, joints) and (1, HIDDEN)."""
        seen = torch.cat([position, 0.1 * velocity, command, last_action], dim=1)
        hidden = self.cell(seen, hidden)
        return self.head(hidden), hidden


def write_recurrent_bundle(folder):
    """Write a bundle of a `RecurrentPolicy` below ``folder``; return its YAML file and itself."""
    policy = RecurrentPolicy()
    joints = len(JOINTS)
    names = [list(JOINTS)]

    def semantics(name, ref, kind, element_names=names):
        return leapp.TensorSemantics(name=name, ref=ref, kind=kind, element_names=element_names)

    leapp.start("walker", save_path=str(folder))
    with torch.no_grad():
        position, velocity, command = annotate.input_tensors("policy", [
            semantics("joint_pos", torch.zeros(1, joints), "state/joint/position"),
            semantics("joint_vel", torch.zeros(1, joints), "state/joint/velocity"),
            semantics("velocity_command", torch.zeros(1, 3), "command/body/velocity",
                      [["lin_vel_x", "lin_vel_y", "ang_vel_z"]])])
        last_action, hidden = annotate.state_tensors("policy", {
            "last_action": torch.full((1, joints), 0.25), "hidden": torch.full((1, HIDDEN), 0.5)})
        action, new_hidden = policy(position, velocity, command, last_action, hidden)
        annotate.update_state("policy", {"last_action": action, "hidden": new_hidden})
        target = 0.5 * action + torch.tensor([[0.1, -0.2, 0.3]])
        annotate.output_tensors(
            "policy", [semantics("joint_targets", target, "target/joint/position")],
            static_outputs=[semantics("kp", torch.tensor([[40.0, 30.0, 20.0]]), "kp"),
                            semantics("kd", torch.tensor([[1.0, 0.5, 0.25]]), "kd")],
            export_with="onnx-torchscript")
    leapp.stop()
    leapp.compile_graph(visualize=False, validate=False,
                        graph_configs=leapp.GraphConfigs(frequency=50.0))
    return folder / "walker" / "walker.yaml", policy
