//! The arguments that say what is drawn.

use clap::Args;

/// Which class samples are of, and how strongly they are pulled there.
#[derive(Clone, Debug, Default, Args)]
pub struct GuidanceArguments {
    /// The class of the samples, by its name or its number from 0, for a model that knows classes [default: none in
    /// particular, where the model has learned that]
    #[arg(long, value_name = "NAME|K")]
    pub class: Option<String>,
    /// How strongly samples are pulled to their class: 0 draws without it, 1 with it, more pulls further
    /// [default: 1]
    #[arg(long, value_name = "W", allow_negative_numbers = true)]
    pub guidance: Option<f64>,
    /// The noise levels (sigma/alpha) between which --guidance counts; outside, it is 1
    #[arg(long, value_name = "FROM,TO", value_delimiter = ',', num_args = 1, requires = "guidance")]
    pub guidance_interval: Option<Vec<f64>>,
    /// How far the spread of the guided prediction is taken back to the unguided, from 0 to 1
    #[arg(long, value_name = "PHI", requires = "guidance")]
    pub guidance_rescale: Option<f64>,
}
