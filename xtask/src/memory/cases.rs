//! What is measured: every recipe, at its batch where a machine of some GiB can, and at others.

/// A run whose memory is measured.
pub struct Case {
    /// The recipe.
    pub recipe: &'static str,
    /// A built-in set, or the size of pictures.
    pub data: &'static str,
    /// The batch, and after a slash the micro-batch.
    pub batch: &'static str,
    /// Further arguments.
    more: &'static str,
    /// Whether it takes seconds: it is measured on one thread too.
    pub quick: bool,
}

impl Case {
    /// The size of its pictures, if it is trained on pictures of one's own.
    pub fn size(&self) -> Option<(usize, usize)> {
        let (height, width) = self.data.split_once('x')?;
        Some((height.parse().ok()?, width.parse().ok()?))
    }

    /// The arguments beside data and recipe.
    pub fn arguments(&self) -> String {
        let (batch, micro) = match self.batch.split_once('/') {
            Some((batch, micro)) => (batch, format!("--micro-batch {micro}")),
            None => (self.batch, String::new()),
        };
        // Three steps over points are over before anybody looks.
        let steps = if self.data == "swiss-roll" { 30 } else { 3 };
        format!("--steps {steps} --batch {batch} {micro} {}", self.more)
    }
}

const fn quick(recipe: &'static str, data: &'static str, batch: &'static str) -> Case {
    Case { recipe, data, batch, more: "", quick: true }
}

const fn slow(recipe: &'static str, data: &'static str, batch: &'static str) -> Case {
    Case { recipe, data, batch, more: "", quick: false }
}

/// Samples are measured as well, by their pixels.
const MEASURED: &str = "--set evaluate.every=2 --set evaluate.samples=128 --set evaluate.steps=2";

/// A grid of few large pictures, as more would only take longer.
const FEW: &str = "--set sample.grid_samples=2";

/// In the order of the table.
pub const CASES: &[Case] = &[
    quick("digits", "digits", "16"),
    quick("digits", "digits", "128"),
    quick("digits", "digits", "128/32"),
    quick("digits", "digits", "512"),
    Case { more: MEASURED, ..quick("digits", "digits", "64") },
    Case { more: "--exact", ..quick("digits", "digits", "128") },
    quick("iddpm-digits", "digits", "128"),
    quick("iddpm-digits", "digits", "128/16"),
    quick("swiss-roll", "swiss-roll", "128"),
    quick("swiss-roll", "swiss-roll", "16384"),
    quick("swiss-roll", "swiss-roll", "16384/1024"),
    quick("swiss-roll-seed", "swiss-roll", "128"),
    slow("fashion-mnist", "fashion-mnist", "16"),
    slow("fashion-mnist", "fashion-mnist", "128"),
    slow("fashion-mnist", "fashion-mnist", "128/16"),
    quick("pictures", "32x32", "16"),
    quick("pictures", "32x32", "64/8"),
    slow("pictures", "64x64", "16"),
    Case { more: MEASURED, ..slow("pictures", "32x32", "16") },
    slow("cifar10", "32x32", "2"),
    slow("cifar10", "32x32", "16/8"),
    slow("cifar10", "32x32", "128"),
    slow("iddpm-cifar10", "32x32", "4"),
    slow("iddpm-cifar10", "32x32", "32"),
    Case { more: FEW, ..slow("ddpm-256", "256x256", "2/1") },
    Case { more: FEW, ..slow("ddpm-256", "256x256", "2") },
];

/// Recipes that want pictures with labels, which there are none of here: a test holds the plans of such networks against what
/// their operations keep.
#[cfg(test)]
pub const UNMEASURED: &[&str] =
    &["adm-small", "adm-64", "classifier", "digits-classifier", "fashion-mnist-classifier"];
