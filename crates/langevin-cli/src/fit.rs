//! Whether a run fits into memory, and the batches that do.

use crate::args::{Amount, TrainArguments};
use crate::exit::{Failure, usage};
use crate::memory;
use crate::plan::gibibytes;
use langevin::config::Settings;
use langevin::data::Dataset;
use langevin::train::{estimate_bytes, largest_that_fits};

/// The largest batch that `--batch auto` takes: beyond it a step gains little, and the learning rate would be far from any that
/// was tried.
const LARGEST_AUTO: usize = 1024;

/// The part of what is free that a batch of the program's choice may fill: others come and go, and the estimate is one.
const FILLED: f64 = 0.8;

/// The part of what is free that advice fills, as the estimate may be a little short.
const ADVISED: f64 = 0.9;

/// What a run needs, and what there is, in bytes.
#[derive(Clone, Copy)]
pub struct Memory {
    /// The data alone.
    data: usize,
    /// Whether grids are drawn.
    grids: bool,
    /// What this process has held so far: loading the data takes more than the data do.
    held: usize,
    /// What this process may hold in all; `None` where the system does not say.
    pub available: Option<usize>,
}

impl Memory {
    /// With the data loaded.
    pub fn now(data: &Dataset, grids: bool) -> Self {
        let held = memory::peak().unwrap_or(0);
        Self { data: data.bytes_in_memory(), grids, held, available: memory::available() }
    }

    /// What a run of these settings needs.
    pub fn needed(&self, settings: &Settings) -> usize {
        estimate_bytes(settings, self.data, self.grids).max(self.held)
    }

    /// Whether it is more than there is.
    pub fn is_short(&self, settings: &Settings) -> bool {
        self.available.is_some_and(|available| self.needed(settings) > available)
    }

    /// What to do about settings that need more than there is.
    pub fn advice(&self, settings: &Settings) -> String {
        let Some(available) = self.available else { return String::new() };
        let with = |micro| with_micro(settings, micro);
        let within = |part: f64| {
            let room = (part * available as f64) as usize;
            largest_micro(settings, |settings| self.needed(settings) <= room)
        };
        match within(ADVISED).or_else(|| within(1.0).map(|_| 1)) {
            Some(micro) => {
                let needed = gibibytes(self.needed(&with(micro)));
                format!("--micro-batch {micro} gives the same steps in {needed}")
            }
            None => format!(
                "not even --micro-batch 1 fits, which needs {}: take a smaller network or --size, or a larger machine",
                gibibytes(self.needed(&with(1)))
            ),
        }
    }

    /// Chooses the batches that are left to the program; gives what to know of the choice.
    ///
    /// # Errors
    /// If they are those of a run that goes on, or the arguments contradict each other.
    pub fn choose(
        &self,
        settings: &mut Settings,
        arguments: &TrainArguments,
    ) -> Result<Option<String>, Failure> {
        let auto = |amount: Option<Amount>| amount == Some(Amount::Auto);
        let (batch, micro) = (auto(arguments.batch), auto(arguments.micro_batch));
        if !batch && !micro {
            return Ok(None);
        }
        if arguments.resume {
            return Err(usage("a resumed run keeps its batches: leave auto out"));
        }
        let Some(available) = self.available else {
            return Err(usage(
                "this system does not say how much memory is free: give numbers in place of auto",
            ));
        };
        let room = (FILLED * available as f64) as usize;
        let fits = |settings: &Settings| self.needed(settings) <= room;
        if !batch {
            settings.recipe.train.micro_batch = Some(auto_micro(settings, fits));
            return Ok(None);
        }
        if arguments.micro_batch.is_some() {
            return Err(usage(
                "--batch auto chooses what fits in one pass: leave --micro-batch out, or give --batch a number",
            ));
        }
        let usual = settings.recipe.train.batch;
        let most = LARGEST_AUTO.min(settings.sample_counts().0);
        let chosen = largest_that_fits(most, |batch| fits(&with_batch(settings, batch))).unwrap_or(1);
        let chosen = power_of_two(chosen);
        *settings = with_batch(settings, chosen);
        let rate = settings.recipe.train.learning_rate;
        let caution = format!(
            "the learning rate, {rate}, was chosen for batches of {usual}; --micro-batch auto keeps those and gives the same steps"
        );
        Ok((chosen != usual).then_some(caution))
    }
}

/// The whole batch, or else the largest power of two of which each fits; 1 where none does.
fn auto_micro(settings: &Settings, fits: impl Fn(&Settings) -> bool) -> usize {
    match largest_micro(settings, fits) {
        Some(micro) if micro == settings.recipe.train.batch => micro,
        found => power_of_two(found.unwrap_or(1)),
    }
}

/// The largest number of samples at a time that fits.
fn largest_micro(settings: &Settings, fits: impl Fn(&Settings) -> bool) -> Option<usize> {
    let batch = settings.recipe.train.batch;
    // Less than the whole batch carries gradients from pass to pass, so the whole may fit where a little less does not.
    if fits(&with_micro(settings, batch)) {
        return Some(batch);
    }
    largest_that_fits(batch - 1, |micro| fits(&with_micro(settings, micro)))
}

fn with_micro(settings: &Settings, micro: usize) -> Settings {
    let mut settings = settings.clone();
    settings.recipe.train.micro_batch = Some(micro);
    settings
}

fn with_batch(settings: &Settings, batch: usize) -> Settings {
    let mut settings = with_micro(settings, batch);
    settings.recipe.train.batch = batch;
    settings
}

/// The largest that is not above `number`.
fn power_of_two(number: usize) -> usize {
    1 << number.max(1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use langevin::config::builtin_recipe;
    use langevin::data;

    /// The digits with a batch of 100.
    fn digits() -> (Settings, Dataset) {
        let recipe = builtin_recipe("digits").unwrap().with_assignment("train.batch=100").unwrap();
        let digits = data::load("digits", &recipe.data.options(0)).unwrap();
        (Settings::resolve(recipe, &digits).unwrap(), digits)
    }

    #[test]
    fn the_whole_batch_is_best_and_powers_of_two_are_next() {
        let (settings, _) = digits();
        for (limit, largest, auto) in
            [(100, Some(100), 100), (99, Some(99), 64), (33, Some(33), 32), (1, Some(1), 1), (0, None, 1)]
        {
            let fits = |settings: &Settings| settings.micro_batch() <= limit;
            assert_eq!(largest_micro(&settings, fits), largest, "{limit} fit");
            assert_eq!(auto_micro(&settings, fits), auto, "{limit} fit");
        }
        // Parts carry gradients that the whole does not.
        assert_eq!(largest_micro(&settings, |settings| settings.micro_batch() == 100), Some(100));
    }

    #[test]
    fn the_advice_fits_and_one_more_does_not() {
        let (settings, data) = digits();
        let mut memory = Memory { held: 0, available: None, ..Memory::now(&data, true) };
        assert!(!memory.is_short(&settings));
        let forty = memory.needed(&with_micro(&settings, 40));
        memory.available = Some(forty);
        assert!(memory.is_short(&settings) && !memory.is_short(&with_micro(&settings, 40)));
        // A tenth is left free.
        memory.available = Some((forty as f64 / ADVISED).ceil() as usize);
        let advice = memory.advice(&settings);
        assert!(advice.starts_with("--micro-batch 40 gives the same steps"), "{advice}");
        memory.available = Some(20 << 20);
        assert!(memory.advice(&settings).starts_with("not even --micro-batch 1 fits"));
    }
}
