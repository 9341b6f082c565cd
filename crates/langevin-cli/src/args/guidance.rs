//! The arguments that say what is drawn.

use clap::Args;
use std::path::PathBuf;

/// Which class samples are of, and how strongly they are pulled there.
#[derive(Clone, Debug, Default, Args)]
pub struct GuidanceArguments {
    /// The class of the samples, by its name or its number from 0 [default: none in particular, where the model has
    /// learned that]
    #[arg(long, value_name = "NAME|K")]
    pub class: Option<String>,
    /// How strongly samples are pulled to their class: 0 draws without it, 1 with it, more pulls further [default: 1]
    #[arg(long, value_name = "W", value_delimiter = ',', num_args = 1, allow_negative_numbers = true)]
    pub guidance: Vec<f64>,
    /// The noise levels (sigma/alpha) between which --guidance counts; outside, samples are of their class and not
    /// pulled
    #[arg(long, value_name = "FROM,TO", value_delimiter = ',', num_args = 1, requires = "guidance")]
    pub guidance_interval: Option<Vec<f64>>,
    /// How far the spread of the guided prediction is taken back to the unguided, from 0 to 1
    #[arg(long, value_name = "PHI", requires = "guidance", conflicts_with = "classifier")]
    pub guidance_rescale: Option<f64>,
    /// A classifier that pulls in place of the model itself: what `langevin train-classifier` made
    #[arg(long, value_name = "CLASSIFIER")]
    pub classifier: Option<PathBuf>,
    /// With --classifier, for a model that knows classes: do not tell it the class, so that the classifier alone pulls
    #[arg(long, requires = "classifier")]
    pub classifier_alone: bool,
}
