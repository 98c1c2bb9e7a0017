#!/bin/sh
# What a machine with an NVIDIA GPU is asked of training and of policies: benchmarks/gpu.sh [PYTHON]
#
# PYTHON (default: that of `make test-gpu`, .venv-gpu) has dnne_ros and onnxruntime-gpu; rsl-rl-lib,
# tensordict and mujoco-warp are put there if they are not. It takes less than eight minutes and says
# at its end whether all held; where there is no GPU, that nothing was measured, with exit code 3.
# TRAINED names a folder for the figures of the trainings, as JSON.
# With MJLAB_PYTHON, an interpreter that has mjlab, it also trains mjlab's Go1 for LEARN (20m)
# and leaves what came of it in GO1 (go1_mjlab).
set -eu
cd "$(dirname "$0")/.."
python=${1:-.venv-gpu/bin/python}
export NVIDIA_TF32_OVERRIDE=0  # or TensorRT computes with 10 bits where float32 has 23

nothing() {
    echo "gpu.sh: $1: nothing was measured" >&2
    exit 3
}

failed() {
    echo "gpu.sh: $1" >&2
    exit 1
}

nvidia-smi -L 2>/dev/null || nothing "no NVIDIA GPU is here (nvidia-smi -L)"
"$python" -c 'import dnne_ros' 2>/dev/null || \
    nothing "$python has no dnne_ros; make test-gpu sets one up"
site=$("$python" -c 'import site; print(site.getsitepackages()[0])')
export LD_LIBRARY_PATH="$site/tensorrt_libs:${LD_LIBRARY_PATH:-}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp -r docs/examples/cartpole_policy "$folder/policy"

"$python" -c 'import mujoco_warp, rsl_rl, tensordict' 2>/dev/null || \
    "$python" -m pip install --quiet 'mujoco-warp>=4' 'rsl-rl-lib>=5.5,<6' tensordict
trained=${TRAINED:-$folder}
for backend in torch mujoco_warp; do
    echo "== trained: Cartpole on $backend, 4,096 and 16,384 environments, beside rsl_rl"
    "$python" -m dnne_ros bench ppo --device cuda --backend "$backend" --envs 4096,16384 \
        --peers rsl_rl --seeds 0 --rounds 2 --seconds 5 --json "$trained/ppo_$backend.json"
done

echo "== equal: acting and updates, captured, plain and on a CPU; nothing waits for the device"
"$python" -m pytest -q -m gpu test/rl test/sim || failed "a test on the device failed"

echo "== equal: the golden vectors in each runtime (wanted: 1e-5 of the action's scale)"
"$python" -m dnne_ros policy check "$folder/policy" | tee "$folder/checked"
for runtime in cuda tensorrt; do
    grep -q "onnxruntime, $runtime" "$folder/checked" || \
        failed "$runtime was not compared: onnxruntime-gpu and tensorrt are needed"
done

echo "== quick: 48-512-256-128-12 at 100 Hz, one action at a time"
for runtime in ours cuda tensorrt; do
    echo "$runtime: $("$python" -m dnne_ros.bench.robot_peers.at_100_hz $runtime 5)"
done

echo "== kept: TensorRT compiles a policy once"
cat > "$folder/load.py" <<'END'
import sys
import time
from pathlib import Path

from dnne_ros.policies.loading import load_policy

began = time.monotonic()
load_policy(Path(sys.argv[1]), "tensorrt", strict=True, warn=print)
print(f"loaded in {time.monotonic() - began:.2f} s")
END
for start in first second; do
    echo "$start: $("$python" "$folder/load.py" "$folder/policy")"
    find "$folder/policy.engines" -name '*.engine' -printf '%p %T@\n' | sort > "$folder/$start"
    [ -s "$folder/$start" ] || failed "no engine is in policy.engines"
done
cmp -s "$folder/first" "$folder/second" || failed "the engine was made anew"

echo "== strict: a graph runs on TensorRT, or not at all"
run() {
    "$python" -m dnne_ros run docs/examples/cartpole_onnx.json --set 2.bundle="$folder/policy" \
        --set "2.runtime=$1" --strict-runtime --quiet --duration 3s
}
run tensorrt
code=0
(export CUDA_VISIBLE_DEVICES=; run cuda) || code=$?
[ "$code" = 2 ] || failed "without a device, --strict-runtime ended with $code, and not with 2"

if [ -n "${MJLAB_PYTHON:-}" ]; then
    echo "== learns: mjlab's Go1 under commands, 4,096 environments, mjlab's own settings of PPO"
    go1=${GO1:-go1_mjlab}
    mkdir -p "$go1"
    # Its actions have no bounds: 1 means 5 here, and the first deviation of 0.2 means 1.
    set -- config/workflows/go1_velocity.json --set 1.actor_group= --set 1.device=cuda \
        --set 1.env_name=mjlab:Mjlab-Velocity-Flat-Unitree-Go1 --set 5.scale=5 \
        --set 3.hidden_sizes=512,256,128 --set 3.critic_hidden_sizes=512,256,128 \
        --set 6.horizon_length=24 --set 6.minibatch_size=24576 --set 6.gamma=0.99 \
        --set 6.entropy_coef=0.01 --set 6.desired_kl=0.01 --set 6.min_learning_rate=1e-5
    "$python" -m dnne_ros run "$@" --set 1.num_envs=4096 --seed 1 --duration "${LEARN:-20m}" \
        --quiet --save-checkpoint-dir "$go1/checkpoint" --report "$go1/run.json" \
        --plot "$go1/curve.png"
    "$python" -m dnne_ros evaluate "$@" --load-checkpoint-dir "$go1/checkpoint" --episodes 20 \
        --environments 20 --plot "$go1/returns.png" | tee "$go1/evaluation.txt"
    "$python" -m dnne_ros run "$@" --set 1.num_envs=1 --inference --quiet --duration 5m \
        --load-checkpoint-dir "$go1/checkpoint" --video "$go1/walk.mp4" --max-env-steps 500
else
    echo "== learns: MJLAB_PYTHON names no interpreter that has mjlab: mjlab's Go1 was not trained"
fi

echo "gpu.sh: all held"
