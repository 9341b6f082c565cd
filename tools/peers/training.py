"""The training step in PyTorch: forward, backward, clip at global norm 1, Adam, moving average."""

import subprocess
import sys
import time

import torch

VARIANTS = {"fused": {"fused": True}, "foreach": {"foreach": True}, "single": {"foreach": False}}
DECAY = 0.9999


class Update:
    """What follows the backward pass, on parameters whose gradients are set."""

    def __init__(self, parameters, variant):
        self.parameters = parameters
        self.optimiser = torch.optim.Adam(parameters, lr=2e-4, **VARIANTS[variant])
        self.average = [parameter.detach().clone() for parameter in parameters]

    def __call__(self):
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimiser.step()
        with torch.no_grad():
            torch._foreach_lerp_(self.average, self.parameters, 1 - DECAY)


def trial(model, variant):
    """Milliseconds of one update, at best of 10."""
    parameters = list(model.parameters())
    update = Update(parameters, variant)
    for parameter in parameters:
        parameter.grad = torch.full_like(parameter, 1e-3)
    times = []
    for _ in range(12):
        start = time.perf_counter()
        update()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times[2:])


def fastest_variant():
    """The fastest Adam for this process's arguments, each tried in a process of its own: its memory is its own."""
    milliseconds = {}
    for variant in VARIANTS:
        command = [sys.executable, *sys.argv, "--try-adam", variant]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
        milliseconds[variant] = float(done.stdout)
    return min(milliseconds, key=milliseconds.get)


def prepare(model, x, timesteps, layout, compiled):
    """A function that makes one step, and what Adam it uses."""
    variant = fastest_variant()
    model = model.train().to(memory_format=layout)
    update = Update(list(model.parameters()), variant)
    network = torch.compile(model) if compiled else model
    x = x.contiguous(memory_format=layout)
    target = torch.randn_like(x)

    def step():
        output = network(x, timesteps, return_dict=False)[0]
        loss = torch.nn.functional.mse_loss(output, target)
        update.optimiser.zero_grad()
        loss.backward()
        update()
        return loss.item()

    return step, variant
