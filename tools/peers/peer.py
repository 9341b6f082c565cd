"""Time one piece of work in one peer of Langevin, a round whenever it is asked for.

Builds the U-Net of a recipe, prepares and warms up, and prints a line of JSON, {"parameters": ...,
"version": ...}. For each number of seconds read from a line of the standard input, works for about that
long and prints one line, {"ms_per_picture": ...}; at the end of the input, {"peak_memory_mb": ...}.
Needs tools/peers/requirements.txt.
"""

import argparse
import json
import logging
import os
import sys
import time
import warnings
from importlib.metadata import version

WARM_UP = 3
LAYOUTS = ["pytorch", "channels-last"]
ENGINES = ["onnxruntime", "openvino"]
PEERS = [*LAYOUTS, "compiled", "compiled-channels-last", *ENGINES]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("task", choices=["train", "forward"])
    parser.add_argument("--recipe", required=True, help="the TOML file")
    parser.add_argument("--shape", required=True, help="height x width x channels, as 32x32x3")
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--try-adam", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer in ENGINES and arguments.task == "train":
        parser.error(f"{arguments.peer} does not train")
    return arguments


def prepare(arguments):
    """The work as a function, the number of parameters, and the words for what does it."""
    if arguments.peer in ENGINES:
        import engines

        forward, parameters = engines.prepare(arguments)
        return forward, parameters, f"{arguments.peer} {version(arguments.peer)}"
    return prepare_pytorch(arguments)


def prepare_pytorch(arguments):
    """As prepare, of the peers that are PyTorch."""
    import pytorch
    import torch
    import training

    torch.set_num_threads(arguments.threads)
    model = pytorch.build(arguments.recipe, arguments.shape)
    if arguments.try_adam:
        print(training.trial(model, arguments.try_adam), file=OUTPUT)
        raise SystemExit
    last = arguments.peer.endswith("channels-last")
    how = (torch.channels_last if last else torch.contiguous_format, arguments.peer.startswith("compiled"))
    data = pytorch.inputs(arguments.shape, arguments.batch)
    words = f"torch {version('torch')}, diffusers {version('diffusers')}"
    if arguments.task == "train":
        work, adam = training.prepare(model, *data, *how)
        words += f", {adam} Adam"
    else:
        work = pytorch.forward(model, *data, *how)
    return work, pytorch.count_parameters(model), words


def work_for(seconds, work):
    """Seconds of one run of `work`: the mean over about `seconds`."""
    runs, start = 0, time.perf_counter()
    while True:
        work()
        runs += 1
        taken = time.perf_counter() - start
        # Ends where another run would end farther from the time asked for than this one.
        if taken * (1 + 0.5 / runs) > seconds:
            return taken / runs


def peak_memory_mb():
    """The largest resident memory so far, in MB of 1,000,000 bytes; nothing where Linux does not tell it."""
    try:
        with open("/proc/self/status") as status:
            line = next(line for line in status if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        return None


def say(**fields):
    """One line of JSON on the real standard output."""
    print(json.dumps(fields), file=OUTPUT, flush=True)


def main():
    arguments = parse_arguments()
    work, parameters, words = prepare(arguments)
    for _ in range(WARM_UP):
        work()
    say(parameters=parameters, version=words)
    for line in sys.stdin:
        say(ms_per_picture=1e3 * work_for(float(line), work) / arguments.batch)
    say(peak_memory_mb=peak_memory_mb())


# What libraries print is kept out of the protocol: their standard output is the standard error.
OUTPUT = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)

if __name__ == "__main__":
    main()
