# make demo   trains Cartpole, plays the trained policy, writes a learning curve
# make test   runs the tests
# make test-gpu  runs the tests that need an NVIDIA GPU, on a machine that has one
# make kills  kills a process that saves checkpoints, KILLS times, and reads what it leaves
# make lint   checks style and types
# make docs   builds the documentation
# make chaos  attacks random graphs, for MINUTES or with one SEED, and counts what is lost
# make chaos-jobs  kills what submits, works and runs jobs, and counts what is lost
# make soak   trains for HOURS under disturbances, and looks for what grows
# make dist   builds a source distribution and a wheel
# All set up what they need first: in .venv with the ROS 2 wheels from PyPI, or on the rclpy of a
# ROS 2 installation that is sourced.

PYTHON ?= python3
VENV ?= .venv
# The CPU build of torch.  For a GPU: make setup TORCH=torch, or whatever else pip is to install.
# What was chosen for an environment stays so until another is asked for.
CHOSEN_TORCH := $(shell cat $(VENV)/.torch 2>/dev/null)
TORCH ?= $(or $(CHOSEN_TORCH),cpu)
# The rclpy line of the wheels: 9 is Kilted, 7 is Jazzy.
RCLPY ?= ros-rclpy[fastrtps]>=9,<10
DEMO ?= demo
# Most tests wait for processes to start, so there may be more workers than cores.
WORKERS ?= 4
TESTS ?= test
PYTEST_ARGS ?=
MINUTES ?= 30
SEED ?=
JOBS ?= 3
HOURS ?= 0.5
KILLS ?= 1000
SEED ?= 0

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet
DNNE_ROS := $(BIN)/python -m dnne_ros
WORKFLOW := config/workflows/cartpole_ppo.json
STAMP := $(VENV)/.set-up
LINT_STAMP := $(VENV)/.set-up-lint
ifdef ROS_DISTRO
VENV_FLAGS := --system-site-packages
EXTRAS := train,test
else
EXTRAS := wheels,wheels-test,train,test
endif

# On Linux, PyPI's torch brings CUDA.  The CPU build may be where pip looks on this machine; else uv
# knows where to look, and gives up quickly where nothing answers.
TORCH_RELEASE := torch==2.13.0
ifeq ($(TORCH),cpu)
INSTALL_TORCH = $(PIP) '$(TORCH_RELEASE)+cpu' 2>/dev/null \
	|| { $(PIP) uv && UV_HTTP_CONNECT_TIMEOUT=5 UV_HTTP_RETRIES=1 $(BIN)/uv pip install --quiet \
	  --no-deps --torch-backend=cpu --python $(BIN)/python '$(TORCH_RELEASE)'; } 2>/dev/null \
	|| { echo 'torch: its CPU build is out of reach, so the one that pip finds is installed'; \
	  $(PIP) '$(TORCH_RELEASE)'; }
else
INSTALL_TORCH = $(PIP) '$(TORCH)'
endif

.PHONY: setup demo test test-jazzy test-long test-uncompiled test-gpu kills lint docs dist clean another-torch chaos-jobs

setup: $(STAMP)

ifneq ($(TORCH),$(CHOSEN_TORCH))
$(STAMP): another-torch
endif

$(STAMP): setup.py Makefile
	$(PYTHON) -m venv $(VENV_FLAGS) $(VENV)
	$(PIP) --upgrade pip setuptools wheel
	@echo 'torch: $(TORCH)'
	@$(INSTALL_TORCH)
	@echo '$(TORCH)' > $(VENV)/.torch
ifndef ROS_DISTRO
	$(PIP) '$(RCLPY)'
endif
	$(PIP) --no-build-isolation --editable '.[$(EXTRAS)]'
	touch $@

demo: setup
	mkdir -p $(DEMO)
	@echo '--- train Cartpole until the mean return of 100 episodes is 450'
	$(DNNE_ROS) run $(WORKFLOW) --until-return 450 --duration 5m \
	  --save-checkpoint-dir $(DEMO)/checkpoint --report $(DEMO)/report.json \
	  --plot $(DEMO)/learning_curve.png
	@echo '--- play the trained policy for ten seconds, in real time'
	$(DNNE_ROS) run $(WORKFLOW) --set 1.num_envs=1 --inference \
	  --load-checkpoint-dir $(DEMO)/checkpoint --duration 10s
	@echo '--- look at $(DEMO)/learning_curve.png and $(DEMO)/report.json; then try, from README.md:'
	@echo '    $(DNNE_ROS) graph $(WORKFLOW) --place split -o $(DEMO)/graph.svg'
	@echo '    $(DNNE_ROS) run $(WORKFLOW) --place split'

# With --dist loadfile, pytest-xdist may wait for ever for a worker that it has started again.
test: setup
	$(BIN)/python -m pytest $(TESTS) -n $(WORKERS) --dist loadfile --no-loadscope-reorder \
	  --max-worker-restart 0 $(PYTEST_ARGS)

# Those that `make test` leaves out.
test-long:
	$(MAKE) test PYTEST_ARGS='-m long'

# Each node by itself, as with `dnne-ros run --no-compile`.
test-uncompiled: export DNNE_ROS_NO_COMPILE := 1
test-uncompiled: test

# CUDA's torch, and onnxruntime with CUDA and TensorRT, whose libraries come as wheels: of TensorRT,
# the loader must be told where.  -rs names what was skipped, and why.
test-gpu:
	$(MAKE) setup VENV=.venv-gpu TORCH=torch
	.venv-gpu/bin/python -m pip uninstall --quiet --yes onnxruntime
	.venv-gpu/bin/python -m pip install --quiet 'onnxruntime-gpu[cuda,cudnn]' tensorrt
	libs=$$(.venv-gpu/bin/python -c 'import site; print(site.getsitepackages()[0])')/tensorrt_libs; \
	LD_LIBRARY_PATH=$$libs:$$LD_LIBRARY_PATH NVIDIA_TF32_OVERRIDE=0 \
	  .venv-gpu/bin/python -m pytest $(TESTS) -m gpu -rs $(PYTEST_ARGS)

# The same on the other rclpy line.
test-jazzy:
	$(MAKE) test VENV=.venv-jazzy RCLPY='ros-rclpy[fastrtps]>=7,<8'

kills: setup
	PYTHONPATH=. $(BIN)/python test/support/save_loop.py $(KILLS) $(SEED)

# Results are in chaos.json and soak.json: test/chaos.
HARNESS = PYTHONPATH=.:test:test/support $(BIN)/python -m

chaos: setup
	$(HARNESS) chaos --minutes $(MINUTES) --jobs $(JOBS) $(if $(SEED),--seed $(SEED))

chaos-jobs: setup
	$(HARNESS) chaos.jobs $(if $(SEED),--seed $(SEED))

soak: setup
	$(HARNESS) chaos.soak --hours $(HOURS)

# The site, in build/docs/html.
docs: $(VENV)/.set-up-docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs/html
	@echo 'build/docs/html/index.html'

$(VENV)/.set-up-docs: $(STAMP)
	$(PIP) --no-build-isolation --editable '.[docs]'
	touch $@

# dist/*.tar.gz, and dist/*.whl from what is in it.  test/packaging installs and runs them.
dist: $(VENV)/.set-up-dist
	rm -rf dist
	$(BIN)/python -m build

$(VENV)/.set-up-dist: $(STAMP)
	$(PIP) --no-build-isolation --editable '.[dist]'
	touch $@

# Types are checked against the libraries that `make setup` installs: older ones declare others.
lint: $(LINT_STAMP)
	$(BIN)/ruff check
	$(BIN)/mypy

$(LINT_STAMP): $(STAMP)
	$(PIP) --no-build-isolation --editable '.[lint]'
	touch $@

clean:
	rm -rf $(VENV) .venv-* build dist install log demo setup.log *.egg-info
