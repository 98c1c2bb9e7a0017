"""The small pictures of CIFAR-10."""

from __future__ import annotations

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Dataset, Schema
from dnne_ros.node_api.ports import Output
from dnne_ros.node_api.widget import Widget


class CIFAR10Dataset(Node):
    """Load the CIFAR-10 pictures: the training ones, or those held out for evaluation.

    Pictures are float32 (sample, 3, 32, 32), normalised; labels are int64, 0 to 9.  ``data_path``
    holds the folder cifar-10-batches-py, as torchvision leaves it, cifar-10-batches-bin, or the
    archive cifar-10-python.tar.gz.  The batches are pickles, which are read without running what
    they name.  With --inference, it is always the held-out pictures that are loaded.
    """

    category = "data"

    dataset = Output(Dataset(), "The pictures, as a torch data set.")
    schema = Output(Schema(), "Shape of a picture, number of classes and of samples.")
    data_path = Widget("./data", "Folder of the files.")
    train = Widget(True, "The training pictures; false: the held-out ones.")
    download = Widget(True, "Fetch the archive if it is missing, and verify it.")

    def setup(self) -> None:
        """Read the files; `InputError` if they are missing or damaged."""
        from dnne_ros.supervised.cifar10 import load_cifar10

        self._dataset, self._schema = load_cifar10(
            self.data_path, self.train and not self.context.inference, self.download,
            self.context.log.info)

    async def process(self) -> None:
        """Give both once."""
        await self.send_output(self._schema, "schema")
        await self.send_output(self._dataset, "dataset")
