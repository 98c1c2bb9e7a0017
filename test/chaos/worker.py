"""Runs the seeds that come in, one a line, and says what came of each, as a line of JSON."""

import json
import sys
from pathlib import Path

from domains import join_domain
from warm import WarmServer

from chaos import own_memory
from chaos.trial import run_seed


def main():
    folder, private, acts = sys.argv[1], sys.argv[2] == "private", int(sys.argv[3])
    if private:
        own_memory.mount()
    domain = join_domain()
    server = WarmServer(Path(__file__).parents[2])
    for line in sys.stdin:
        print(json.dumps(run_seed(int(line), folder, server, private, acts)), flush=True)
    server.close()
    domain.close()


if __name__ == "__main__":
    main()
