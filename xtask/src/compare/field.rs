//! Who meets whom at what.

use crate::compare::table::decimal;
use std::path::Path;
use std::process::Command;

/// What is timed of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Forward, backward, clipping, Adam, moving average.
    Train,
    /// The prediction without gradient.
    Forward,
}

impl Task {
    /// As `langevin bench --only` and the peers call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Forward => "forward",
        }
    }
}

/// A network and a batch.
pub struct Work {
    /// The recipe that describes the network.
    pub recipe: &'static str,
    /// Height, width, channels.
    pub shape: [usize; 3],
    pub batch: usize,
    /// What whoever builds the network has to come to.
    pub parameters: u64,
}

/// The works, in the order of their tables.
pub const WORKS: [Work; 3] = [
    Work { recipe: "fashion-mnist", shape: [28, 28, 1], batch: 64, parameters: 1_623_169 },
    Work { recipe: "cifar10", shape: [32, 32, 3], batch: 8, parameters: 35_746_307 },
    Work { recipe: "digits", shape: [8, 8, 1], batch: 128, parameters: 701_345 },
];

impl Work {
    /// `langevin bench`, which waits for its rounds.
    pub fn ours(&self, root: &Path, program: &Path, task: Task, threads: usize) -> Command {
        let mut command = Command::new(program);
        command.current_dir(root).args(["bench", "--recipe", self.recipe, "--set", "model.dropout=0"]);
        command.args(["--batch", &self.batch.to_string(), "--threads", &threads.to_string()]);
        command.args(["--only", task.name(), "--rounds-on-stdin"]);
        command
    }

    /// In words, for a table.
    pub fn describe(&self) -> String {
        let [height, width, channels] = self.shape;
        let (parameters, batch) = (decimal(self.parameters as f64 / 1e6), self.batch);
        format!("`{}` ({height}×{width}×{channels}, {parameters} M parameters), batch {batch}", self.recipe)
    }
}

/// Something else that does the same.
pub struct Peer {
    /// As tools/peers/peer.py calls it.
    pub name: &'static str,
    /// As a table calls it.
    pub title: &'static str,
    pub trains: bool,
    /// Whether training is held against it: PyTorch as people run it.
    pub eager: bool,
}

/// The peers, in the order of the columns.
pub const PEERS: [Peer; 6] = [
    Peer { name: "pytorch", title: "PyTorch", trains: true, eager: true },
    Peer { name: "channels-last", title: "PyTorch, channels last", trains: true, eager: true },
    Peer { name: "compiled", title: "torch.compile", trains: true, eager: false },
    Peer {
        name: "compiled-channels-last",
        title: "torch.compile, channels last",
        trains: true,
        eager: false,
    },
    Peer { name: "onnxruntime", title: "ONNX Runtime", trains: false, eager: false },
    Peer { name: "openvino", title: "OpenVINO", trains: false, eager: false },
];

impl Peer {
    /// Whether it can do the task.
    pub fn does(&self, task: Task) -> bool {
        self.trains || task == Task::Forward
    }

    /// Whether its time is one that ours is held against.
    pub fn is_measure_of(&self, task: Task) -> bool {
        self.eager || task == Task::Forward
    }

    /// tools/peers/peer.py, which waits for its rounds.
    pub fn command(&self, root: &Path, python: &Path, work: &Work, task: Task, threads: usize) -> Command {
        let [height, width, channels] = work.shape;
        let mut command = Command::new(python);
        command.arg(root.join("tools/peers/peer.py")).args([self.name, task.name(), "--recipe"]);
        command.arg(root.join(format!("recipes/{}.toml", work.recipe)));
        command.args([
            "--shape",
            &format!("{height}x{width}x{channels}"),
            "--batch",
            &work.batch.to_string(),
        ]);
        command.args(["--threads", &threads.to_string()]);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_works_are_recipes_and_the_peers_are_known_to_the_script() {
        let root = crate::root();
        for work in &WORKS {
            assert!(root.join(format!("recipes/{}.toml", work.recipe)).is_file(), "{}", work.recipe);
        }
        let script = fs::read_to_string(root.join("tools/peers/peer.py")).unwrap();
        for peer in &PEERS {
            assert!(script.contains(&format!("\"{}\"", peer.name)), "{}", peer.name);
        }
    }

    #[test]
    fn training_is_held_against_pytorch_as_it_comes() {
        let measures = |task| -> Vec<&str> {
            PEERS
                .iter()
                .filter(|peer| peer.does(task) && peer.is_measure_of(task))
                .map(|peer| peer.name)
                .collect()
        };
        assert_eq!(measures(Task::Train), ["pytorch", "channels-last"]);
        assert_eq!(measures(Task::Forward).len(), PEERS.len());
    }
}
