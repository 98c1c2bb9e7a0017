"""The handwritten digits of MNIST."""

from __future__ import annotations

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Dataset, Schema
from dnne_ros.node_api.ports import Output
from dnne_ros.node_api.widget import Widget


class MNISTDataset(Node):
    """Load the MNIST digits: the training ones, or those held out for evaluation.

    Pictures are float32 (sample, 1, 28, 28), normalised; labels are int64, 0 to 9.  The files
    are looked for in ``data_path`` and ``data_path/MNIST/raw``.  With --inference, it is always
    the held-out digits that are loaded.
    """

    category = "data"

    dataset = Output(Dataset(), "The digits, as a torch data set.")
    schema = Output(Schema(), "Shape of a picture, number of classes and of samples.")
    data_path = Widget("./data", "Folder of the files.")
    train = Widget(True, "The training digits; false: the held-out ones.")
    download = Widget(True, "Fetch files that are missing, and verify them.")

    def setup(self) -> None:
        """Read the files; `InputError` if they are missing or damaged."""
        from dnne_ros.supervised.mnist import load_mnist

        self._dataset, self._schema = load_mnist(
            self.data_path, self.train and not self.context.inference, self.download,
            self.context.log.info)

    async def process(self) -> None:
        """Give both once."""
        await self.send_output(self._schema, "schema")
        await self.send_output(self._dataset, "dataset")
