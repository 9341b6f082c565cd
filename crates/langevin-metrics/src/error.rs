//! What can be wrong with the numbers a caller gives.

use thiserror::Error;

/// Why a metric was refused.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum MetricsError {
    /// Feature vectors of no numbers.
    #[error("a feature vector has at least 1 number, but 0 were asked for")]
    NoDimensions,

    /// Numbers that do not make whole rows.
    #[error("{got} numbers do not divide into feature vectors of {dimensions}")]
    Ragged {
        /// The numbers given.
        got: usize,
        /// The numbers a row has.
        dimensions: usize,
    },

    /// Two things that belong together differ in size.
    #[error(
        "{what} has {got} numbers where {expected} are expected: both sides need features of the same kind"
    )]
    Dimensions {
        /// What is of the wrong size.
        what: &'static str,
        /// Its size.
        got: usize,
        /// The size that fits.
        expected: usize,
    },

    /// A number that is infinite or none.
    #[error("{what} has {value} at row {row}, column {column}, counted from 0: every number must be finite")]
    NotFinite {
        /// Where it stands.
        what: &'static str,
        /// Its row.
        row: usize,
        /// Its place in the row.
        column: usize,
        /// What stands there.
        value: f64,
    },

    /// A matrix that is not its own transpose.
    #[error(
        "the covariance has {upper} at row {row}, column {column} and {lower} with the two exchanged: a covariance is \
         symmetric"
    )]
    NotSymmetric {
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
        /// The entry there.
        upper: f64,
        /// The entry with row and column exchanged.
        lower: f64,
    },

    /// A matrix with a negative variance in some direction.
    #[error(
        "the covariance has the eigenvalue {smallest} beside a largest of {largest}: a covariance has none below 0 \
         but for rounding"
    )]
    NotPositive {
        /// The smallest eigenvalue.
        smallest: f64,
        /// The largest.
        largest: f64,
    },

    /// A decomposition that did not come to an end.
    #[error("the {what} of a matrix of {size} rows did not converge: look for numbers of extreme size in it")]
    NoConvergence {
        /// The decomposition.
        what: &'static str,
        /// The rows of the matrix.
        size: usize,
    },

    /// A set with too few samples for what was asked of it.
    #[error("{what} needs samples, at least {least}, but there are {got}")]
    TooFewSamples {
        /// What was asked for.
        what: &'static str,
        /// The fewest samples that it takes.
        least: usize,
        /// The samples there are.
        got: usize,
    },

    /// A mean over no subsets.
    #[error("0 subsets were asked for, but a mean needs at least 1")]
    NoSubsets,

    /// A count that is 0, or larger than can be.
    #[error("{got} {what} were asked for, but there are between 1 and {most}")]
    Count {
        /// What is counted.
        what: &'static str,
        /// The number asked for.
        got: usize,
        /// The largest number accepted.
        most: usize,
    },

    /// The number of a sample that does not exist.
    #[error("sample {index} was asked for, but there are {count}, counted from 0")]
    NoSuchSample {
        /// The number asked for.
        index: usize,
        /// How many there are.
        count: usize,
    },
}
