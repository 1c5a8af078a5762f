"""Public names of keras.datasets, downloads and keras.applications."""

NAMES: dict[str, tuple[str, ...]] = {
    "lamina.keras.applications.imagenet_utils": (
        "keras.applications.imagenet_utils.decode_predictions",
        "keras.applications.imagenet_utils.preprocess_input",
    ),
    "lamina.keras.applications.resnet": (
        "keras.applications.ResNet50 keras.applications.resnet.ResNet50 "
        "keras.applications.resnet50.ResNet50",
        "keras.applications.ResNet101 keras.applications.resnet.ResNet101",
        "keras.applications.ResNet152 keras.applications.resnet.ResNet152",
        "keras.applications.resnet.decode_predictions "
        "keras.applications.resnet50.decode_predictions",
        "keras.applications.resnet.preprocess_input "
        "keras.applications.resnet50.preprocess_input",
    ),
    "lamina.keras.applications.resnet_v2": (
        "keras.applications.ResNet50V2 keras.applications.resnet_v2.ResNet50V2",
        "keras.applications.ResNet101V2 keras.applications.resnet_v2.ResNet101V2",
        "keras.applications.ResNet152V2 keras.applications.resnet_v2.ResNet152V2",
        "keras.applications.resnet_v2.decode_predictions",
        "keras.applications.resnet_v2.preprocess_input",
    ),
    "lamina.keras.datasets.boston_housing": (
        "keras.datasets.boston_housing.load_data",
    ),
    "lamina.keras.datasets.california_housing": (
        "keras.datasets.california_housing.load_data",
    ),
    "lamina.keras.datasets.cifar10": ("keras.datasets.cifar10.load_data",),
    "lamina.keras.datasets.cifar100": ("keras.datasets.cifar100.load_data",),
    "lamina.keras.datasets.fashion_mnist": ("keras.datasets.fashion_mnist.load_data",),
    "lamina.keras.datasets.mnist": ("keras.datasets.mnist.load_data",),
    "lamina.keras.utils.downloads": ("keras.utils.get_file",),
}
