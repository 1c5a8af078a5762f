"""tf.device and tf.config."""

import subprocess
import sys

import pytest

import lamina as tf


@pytest.fixture(autouse=True)
def _soft_placement():
    yield
    tf.config.set_soft_device_placement(True)


def test_lists():
    cpu = tf.config.PhysicalDevice("/physical_device:CPU:0", "CPU")
    assert tf.config.list_physical_devices("CPU") == [cpu]
    assert tf.config.list_physical_devices("nothing") == []
    assert tf.config.get_visible_devices("CPU") == [cpu]
    logical = tf.config.list_logical_devices("CPU")
    assert logical[0] == tf.config.LogicalDevice("/device:CPU:0", "CPU")
    assert tf.config.experimental.list_physical_devices is (
        tf.config.list_physical_devices
    )


def test_visible_devices():
    cpus = tf.config.list_physical_devices("CPU")
    tf.config.set_visible_devices(cpus[0], "CPU")
    tf.config.set_visible_devices([], "GPU")
    assert tf.config.list_logical_devices("GPU") == []
    with pytest.raises(ValueError, match="Unrecognized device"):
        tf.config.set_visible_devices(cpus, "GPU")


@pytest.mark.parametrize(
    "name",
    [
        "/CPU:0",
        "cpu",
        "/device:CPU:0",
        "/cpu:*",
        "/job:localhost/replica:0/task:0/device:CPU:0",
        "/job:localhost",
        "",
        None,
        "/GPU:7",
    ],
)
def test_device_scope(name):
    with tf.device(name):
        x = tf.constant([1.0]) + 1.0
    assert x.device.startswith("/job:localhost/replica:0/task:0/device:")


def test_device_errors():
    with pytest.raises(ValueError, match="Unknown attribute 'nonsense'"):
        tf.device("nonsense").__enter__()
    with pytest.raises(ValueError, match="Expecting a string device name"):
        tf.device(5).__enter__()
    tf.config.set_soft_device_placement(False)
    assert not tf.config.get_soft_device_placement()
    with pytest.raises(tf.errors.InvalidArgumentError, match="GPU:93"):
        tf.device("/GPU:93").__enter__()


def test_switches():
    assert not tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    assert tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(False)
    assert tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    assert not tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(True)
    tf.config.optimizer.set_jit(True)
    assert tf.config.optimizer.get_jit() == "autoclustering"
    tf.config.optimizer.set_experimental_options({"remapping": True})
    assert tf.config.optimizer.get_experimental_options()["remapping"]
    assert tf.config.threading.get_inter_op_parallelism_threads() == 0


def test_what_a_cpu_has_not():
    cpu = tf.config.list_physical_devices("CPU")[0]
    assert tf.config.experimental.get_device_details(cpu) == {}
    with pytest.raises(ValueError, match="non-GPU"):
        tf.config.experimental.set_memory_growth(cpu, True)
    with pytest.raises(ValueError, match="Allocator stats not available"):
        tf.config.experimental.get_memory_info("CPU:0")
    with pytest.raises(ValueError, match="No matching devices"):
        tf.config.experimental.get_memory_info("GPU:93")


def test_what_is_fixed_after_the_start():
    assert tf.constant(1) + 1 == 2
    with pytest.raises(RuntimeError, match="after initialization"):
        tf.config.threading.set_intra_op_parallelism_threads(3)
    with pytest.raises(RuntimeError, match="after being initialized"):
        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices("CPU")[0],
            [tf.config.LogicalDeviceConfiguration()] * 2,
        )


def test_several_logical_cpus():
    program = """
import lamina as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
assert len(tf.config.list_logical_devices("CPU")) == 2
assert len(tf.config.get_logical_device_configuration(cpu)) == 2
with tf.device("/CPU:1"):
    x = tf.constant([1.0])
    y = x + x
assert y.device.endswith("CPU:1"), y.device
assert (y + y).device.endswith("CPU:0"), (y + y).device
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
