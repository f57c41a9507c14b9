# SPDX-License-Identifier: MIT
"""Pickles that are programs, by the function they call, and names that no head needs. Nothing here is run."""

import functools
import marshal
import os

import numpy as np
import pickles
from pickles import Call, Global, New, Raw, dump


def _call(module, name, *arguments):
    return Call(Global(module, name), arguments)


def _python(path):
    """A statement that writes the file."""
    return f"open({path!r}, 'w').close()"


def _get(owner, *names):
    """A chain of getattr."""
    return functools.reduce(lambda value, name: _call("builtins", "getattr", value, name), names, owner)


# Each makes the file at `path` where pickle.loads runs it, on any machine with Python and numpy.
RUNS = {
    "os.system": lambda path: _call("os", "system", f"touch {path}"),
    "posix.system": lambda path: _call("posix", "system", f"touch {path}"),
    "os.popen": lambda path: Call(_get(_call("os", "popen", f"touch {path}"), "close"), ()),
    "os.mkdir": lambda path: _call("os", "mkdir", path),
    "os.open": lambda path: _call("os", "open", path, os.O_CREAT | os.O_WRONLY),
    "os.spawnv": lambda path: _call("os", "spawnv", 0, "/bin/sh", ["sh", "-c", f"touch {path}"]),
    "subprocess.call": lambda path: _call("subprocess", "call", ["touch", path]),
    "subprocess.getoutput": lambda path: _call("subprocess", "getoutput", f"touch {path}"),
    "subprocess.Popen": lambda path: Call(_get(_call("subprocess", "Popen", ["touch", path]), "wait"), ()),
    "builtins.open": lambda path: _call("builtins", "open", path, "w"),
    "io.open": lambda path: _call("io", "open", path, "w"),
    "io.FileIO": lambda path: _call("io", "FileIO", path, "w"),
    "codecs.open": lambda path: _call("codecs", "open", path, "w"),
    "builtins.eval": lambda path: _call("builtins", "eval", _python(path)),
    "builtins.exec": lambda path: _call("builtins", "exec", _python(path)),
    "exec of compile": lambda path: _call(
        "builtins", "exec", _call("builtins", "compile", _python(path), "x", "exec")
    ),
    "__import__": lambda path: Call(_get(_call("builtins", "__import__", "os"), "system"), (f"touch {path}",)),
    "importlib": lambda path: Call(_get(_call("importlib", "import_module", "os"), "system"), (f"touch {path}",)),
    "getattr of builtins": lambda path: Call(_get(Global("os", "path"), "os", "system"), (f"touch {path}",)),
    "functools.partial": lambda path: Call(
        _call("functools", "partial", Global("os", "system"), f"touch {path}"), ()
    ),
    "functools.reduce": lambda path: _call("functools", "reduce", Global("os", "mkdir"), [path, 0o700]),
    "operator.methodcaller": lambda path: Call(
        _call("operator", "methodcaller", "touch"), (_call("pathlib", "PosixPath", path),)
    ),
    "operator.attrgetter": lambda path: Call(
        Call(_call("operator", "attrgetter", "os.system"), (Global("os", "path"),)), (f"touch {path}",)
    ),
    "a list of map": lambda path: _call(
        "builtins", "list", _call("builtins", "map", Global("os", "system"), [f"touch {path}"])
    ),
    "dotted name": lambda path: Call(Global("os", "path.os.system"), (f"touch {path}",)),
    "dotted name of numpy": lambda path: Call(Global("numpy", "f2py.os.system"), (f"touch {path}",)),
    "pathlib": lambda path: Call(_get(_call("pathlib", "PosixPath", path), "touch"), ()),
    "shutil.copyfile": lambda path: _call("shutil", "copyfile", "/dev/null", path),
    "timeit.timeit": lambda path: _call("timeit", "timeit", _python(path), "pass", Global("time", "time"), 1),
    "runpy": lambda path: _call("runpy", "_run_code", _call("builtins", "compile", _python(path), "x", "exec"), {}),
    "code": lambda path: Call(_get(_call("code", "InteractiveInterpreter"), "runsource"), (_python(path),)),
    "bdb": lambda path: Call(_get(_call("bdb", "Bdb"), "run"), (_python(path),)),
    "cProfile": lambda path: Call(_get(_call("cProfile", "Profile"), "run"), (_python(path),)),
    "logging.FileHandler": lambda path: _call("logging", "FileHandler", path),
    "sqlite3": lambda path: _call("sqlite3", "connect", path),
    "pickle in a pickle": lambda path: _call("_pickle", "loads", dump(_call("os", "mkdir", path))),
    "a string for marshal": lambda path: _call(
        "builtins", "exec", _call("marshal", "loads", marshal.dumps(compile(_python(path), "x", "exec")))
    ),
    "type": lambda path: Call(_get(_call("builtins", "type", "X", (), {"f": Global("os", "mkdir")}), "f"), (path,)),
    "numpy.memmap": lambda path: _call("numpy", "memmap", path, "u1", "w+", 0, (1,)),
    "numpy.savetxt": lambda path: _call("numpy", "savetxt", path, [1]),
    "numpy.f2py": lambda path: _call("numpy.f2py.crackfortran", "myeval", _python(path)),
    "copyreg": lambda path: _call("copyreg", "__newobj__", Global("numpy", "memmap"), path, "u1", "w+", 0, (1,)),
    "an object by NEWOBJ": lambda path: New(Global("numpy", "memmap"), None, (path, "u1", "w+", 0, (1,))),
    "a state": lambda path: Call(Global("types", "SimpleNamespace"), (), {"x": _call("os", "mkdir", path)}),
    "INST": lambda path: Raw(b"(" + dump(path)[2:-1] + b"ios\nmkdir\n"),
    "OBJ": lambda path: Raw(b"(cos\nmkdir\n" + dump(path)[2:-1] + b"o"),
    "GLOBAL": lambda path: Raw(b"cos\nmkdir\n" + dump((path,))[2:-1] + b"R"),
    "NEWOBJ_EX": lambda path: Raw(b"cnumpy\nmemmap\n" + dump((path, "u1", "w+", 0, (1,)))[2:-1] + b"}\x92"),
    "STACK_GLOBAL of memoed words": lambda path: Raw(
        dump("os")[2:-1] + b"\x94" + dump("mkdir")[2:-1] + b"\x9400h\x00h\x01\x93" + dump((path,))[2:-1] + b"R"
    ),
}
# of packages that need not be here, and of names that ask for more
NAMED = (
    "nt.system", "pty.spawn", "pip.main", "socket.socket", "ctypes.CDLL", "webbrowser.open", "asyncio.run",
    "builtins.breakpoint", "builtins.getattr", "builtins.setattr", "builtins.globals", "builtins.bytearray",
    "builtins.object", "builtins.dict", "builtins.set", "builtins.complex", "_codecs.encode", "codecs.encode",
    "copyreg._reconstructor", "copyreg.add_extension", "types.CodeType", "types.FunctionType", "weakref.finalize",
    "atexit.register", "signal.signal", "threading.Thread", "multiprocessing.Process",
    "multiprocessing.util.Finalize", "collections.defaultdict", "collections.Counter", "decimal.Decimal",
    "numpy.load", "numpy.fromfile",
    "numpy.testing._private.utils.runstring", "numpy.testing.runstring", "numpy.distutils.exec_command.exec_command",
    "numpy.core.memmap", "numpy._core.multiarray.fromfile", "numpy.core.multiarray.frombuffer",
    "numpy._core._internal._ctypes", "numpy.ma.core._mareconstruct", "numpy.random._pickle.__randomstate_ctor",
    "numpy.matrix", "numpy.vectorize", "joblib.load", "joblib.dump", "joblib.numpy_pickle.load",
    "joblib.numpy_pickle.NumpyUnpickler", "joblib.numpy_pickle.ZNDArrayWrapper", "joblib.numpy_pickle_compat.ZFile",
    "joblib._parallel_backends.SafeFunction", "joblib.memory.Memory", "joblib.externals.cloudpickle.loads",
    "cloudpickle.cloudpickle._make_function", "cloudpickle.cloudpickle._builtin_type", "dill._dill._create_function",
    "torch.load", "torch.storage._load_from_bytes.__globals__", "torch._utils._rebuild_tensor", "torch.jit.load",
    "torch._dynamo.guards.GuardBuilder.get", "torch.hub.load", "torch.serialization.load", "torch.ops.load_library",
    "torch.utils._config_module.ConfigModule.load_config", "torch.nn.modules.container.Sequential",
    "sklearn.pipeline.Pipeline", "sklearn.preprocessing._function_transformer.FunctionTransformer",
    "sklearn.linear_model._logistic.LogisticRegression.__init__", "sklearn.linear_model._logistic.Parallel",
    "sklearn.multiclass.OneVsRestClassifier.__globals__", "sklearn.utils._testing.create_memmap_backed_data",
    "setfit.modeling.SetFitModel.from_pretrained", "setfit.modeling.requests.get", "setfit.modeling.joblib.load",
    "transformers.pipeline", "huggingface_hub.hf_hub_download", "pandas.read_pickle", "pandas.eval", "__main__.x",
    "__builtin__.eval", ".", "..", "\x1b[31m.x\ny", "os\n.system", "numpy.dtype.__class__", "numpy.ndarray.tofile",
)  # fmt: skip


def places(call):
    """Where the program may lie: alone, and in what is part of real heads."""
    return {
        "alone": call,
        "an attribute": pickles.logistic(np.arange(3), np.zeros((3, 20)), np.zeros(3), extra=call),
        "the weights": pickles.logistic(np.arange(3), np.zeros((3, 20)), np.zeros(3), coef_=call),
        "the state itself": New(pickles.LOGISTIC, call),
        "an argument": Call(Global("numpy._core.multiarray", "_reconstruct"), (call, (0,), b"b")),
        "a dtype": Call(Global("numpy", "dtype"), (call, False, True)),
        "behind a head": Raw(dump(pickles.logistic(np.arange(3), np.zeros((3, 20)), np.zeros(3)))[2:-1] + b"0"
                             + dump(call)[2:-1]),  # fmt: skip
        "a key": {1: call},
        "a torch storage": pickles.torch_storage(np.zeros(60), more=call),
    }
