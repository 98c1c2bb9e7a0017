# make demo   trains Cartpole, plays the trained policy, writes a learning curve
# make test   runs the tests
# make lint   checks style and types
# make docs   builds the documentation
# make dist   builds a source distribution and a wheel
# All set up what they need first: in .venv with the ROS 2 wheels from PyPI, or on the rclpy of a
# ROS 2 installation that is sourced.

PYTHON ?= python3
VENV ?= .venv
# A CPU-sized torch.  For a GPU: make setup TORCH='torch'
TORCH ?= torch==2.13.0
# The rclpy line of the wheels: 9 is Kilted, 7 is Jazzy.
RCLPY ?= ros-rclpy[fastrtps]>=9,<10
DEMO ?= demo
# Most tests wait for processes to start, so there may be more workers than cores.
WORKERS ?= 3
TESTS ?= test
PYTEST_ARGS ?=

BIN := $(VENV)/bin
DNNE_ROS := $(BIN)/python -m dnne_ros
WORKFLOW := config/workflows/cartpole_ppo.json
STAMP := $(VENV)/.set-up
LINT_STAMP := $(VENV)/.set-up-lint
ifdef ROS_DISTRO
VENV_FLAGS := --system-site-packages
EXTRAS := test
else
EXTRAS := wheels,test
endif

.PHONY: setup demo test test-jazzy lint docs dist clean

setup: $(STAMP)

$(STAMP): setup.py Makefile
	$(PYTHON) -m venv $(VENV_FLAGS) $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip setuptools wheel
	$(BIN)/python -m pip install --quiet '$(TORCH)'
ifndef ROS_DISTRO
	$(BIN)/python -m pip install --quiet '$(RCLPY)'
endif
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[$(EXTRAS)]'
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

test: setup
	$(BIN)/python -m pytest $(TESTS) -n $(WORKERS) --dist loadfile --no-loadscope-reorder \
	  $(PYTEST_ARGS)

# The same on the other rclpy line.
test-jazzy:
	$(MAKE) test VENV=.venv-jazzy RCLPY='ros-rclpy[fastrtps]>=7,<8'

# The site, in build/docs/html.
docs: $(VENV)/.set-up-docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs/html
	@echo 'build/docs/html/index.html'

$(VENV)/.set-up-docs: $(STAMP)
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[docs]'
	touch $@

# dist/*.tar.gz, and dist/*.whl from what is in it.  test/packaging installs and runs them.
dist: $(VENV)/.set-up-dist
	rm -rf dist
	$(BIN)/python -m build

$(VENV)/.set-up-dist: $(STAMP)
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[dist]'
	touch $@

# Types are checked against the libraries that `make setup` installs: older ones declare others.
lint: $(LINT_STAMP)
	$(BIN)/ruff check
	$(BIN)/mypy

$(LINT_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[lint]'
	touch $@

clean:
	rm -rf $(VENV) .venv-* build dist install log demo setup.log *.egg-info
