"""The forward pass in ONNX Runtime and OpenVINO, in a process that never loads PyTorch."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy


def prepare(arguments):
    """The forward pass as a function, and the number of parameters."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = Path(__file__).with_name("export.py")
        command = [sys.executable, script, arguments.recipe, arguments.shape, str(arguments.batch), folder]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
        x, timesteps, expected = (numpy.load(folder / f"{array}.npy") for array in ("x", "timesteps", "expected"))
        forward = ENGINES[arguments.peer](folder / "network.onnx", x, timesteps, arguments.threads)
    # An exported graph that computes something else would be no peer.
    numpy.testing.assert_allclose(forward(), expected, rtol=1e-3, atol=1e-3)
    # What else was printed stands before it.
    return forward, int(done.stdout.split()[-1])


def onnx_runtime(path, x, timesteps, threads):
    """All graph optimisations, inputs and output bound once."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    for port, value in zip(session.get_inputs(), (x, timesteps)):
        binding.bind_cpu_input(port.name, value)
    binding.bind_output(session.get_outputs()[0].name, "cpu")

    def forward():
        session.run_with_iobinding(binding)
        return binding.get_outputs()[0].numpy()

    return forward


def openvino(path, x, timesteps, threads):
    """One request for the lowest latency, in fp32."""
    import openvino

    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    core = openvino.Core()
    request = core.compile_model(core.read_model(path), "CPU", settings).create_infer_request()
    for index, value in enumerate((x, timesteps)):
        request.set_input_tensor(index, openvino.Tensor(value, shared_memory=True))

    def forward():
        request.infer()
        return request.get_output_tensor(0).data

    return forward


ENGINES = {"onnxruntime": onnx_runtime, "openvino": openvino}
