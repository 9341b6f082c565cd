//! What training goes on from, beside the weights.

use super::{Checkpoint, CheckpointError, HISTORY, OPTIMIZER};
use crate::interop::safetensors;
use crate::train::timesteps::LossHistory;

impl Checkpoint {
    /// Both moments of the optimiser, for parameters of these names and shapes.
    ///
    /// # Errors
    /// If the file cannot be read, or an array is missing or of another shape.
    #[allow(clippy::type_complexity)]
    pub fn moments(
        &self,
        parameters: &[(String, Vec<usize>)],
    ) -> Result<(Vec<Vec<f32>>, Vec<Vec<f32>>), CheckpointError> {
        self.check_file(OPTIMIZER)?;
        let path = self.folder.join(OPTIMIZER);
        let mut arrays = safetensors::read(&path)?;
        let mut take = |prefix: &str| -> Result<Vec<Vec<f32>>, CheckpointError> {
            parameters
                .iter()
                .map(|(name, shape)| match arrays.remove(&format!("{prefix}.{name}")) {
                    Some(array) if array.shape == *shape => Ok(array.values),
                    _ => Err(CheckpointError::State {
                        path: path.clone(),
                        message: format!("the {prefix} moment of {name} is missing or of another shape"),
                    }),
                })
                .collect()
        };
        Ok((take("first")?, take("second")?))
    }

    /// The last losses of each of `timesteps` timesteps.
    ///
    /// # Errors
    /// If the file cannot be read, or is not that of such a process.
    pub fn loss_history(&self, timesteps: usize) -> Result<LossHistory, CheckpointError> {
        self.check_file(HISTORY)?;
        let path = self.folder.join(HISTORY);
        let arrays = safetensors::read(&path)?;
        let values = |name: &str| arrays.get(name).map(|array| &array.values[..]);
        let history = values("counts").zip(values("losses")).and_then(|(counts, losses)| {
            (counts.len() == timesteps).then(|| LossHistory::restore(counts, losses)).flatten()
        });
        let message = format!("it should have ten losses for each of {timesteps} timesteps");
        history.ok_or(CheckpointError::State { path, message })
    }
}
