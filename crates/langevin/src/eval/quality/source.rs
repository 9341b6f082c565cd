//! Where samples come from, some at a time: 50,000 pictures never lie in memory as numbers.

use crate::data::Dataset;
use crate::sampler::{Generation, Moment};
use crate::tensor::{SampleShape, cpu};
use std::ops::{ControlFlow, Range};

/// A known number of samples, of one shape.
pub trait SampleSource {
    /// Samples.
    fn count(&self) -> usize;

    /// The shape of one.
    fn shape(&self) -> SampleShape;

    /// Levels of an element's value, evenly spaced over [−1, 1]; `None` for points.
    fn levels(&self) -> Option<u32>;

    /// Samples `range`, channels last, pictures about [−1, 1]; `None` if it was stopped.
    fn read(&mut self, range: Range<usize>) -> Option<Vec<f32>>;
}

/// Some samples of a data set.
pub struct DataSource<'a> {
    /// The set.
    pub set: &'a Dataset,
    /// Their numbers in it.
    pub indices: &'a [usize],
}

impl SampleSource for DataSource<'_> {
    fn count(&self) -> usize {
        self.indices.len()
    }

    fn shape(&self) -> SampleShape {
        SampleShape { height: self.set.height(), width: self.set.width(), channels: self.set.channels() }
    }

    fn levels(&self) -> Option<u32> {
        self.set.levels()
    }

    fn read(&mut self, range: Range<usize>) -> Option<Vec<f32>> {
        let size = self.set.sample_len();
        let mut samples = vec![0.0; range.len() * size];
        for (&index, sample) in self.indices[range].iter().zip(samples.chunks_mut(size)) {
            self.set.read(index, sample);
        }
        Some(samples)
    }
}

/// Samples that are drawn when they are asked for; sample k of a seed is always the same.
pub struct Drawn<'a> {
    /// How they are drawn: `count` of them.
    pub generation: Generation<'a>,
    /// Levels of an element's value; `None` for points.
    pub levels: Option<u32>,
    /// Sees every moment of every batch, with the number of its first sample, and may stop.
    pub observe: &'a mut dyn FnMut(usize, Moment) -> ControlFlow<()>,
}

impl SampleSource for Drawn<'_> {
    fn count(&self) -> usize {
        self.generation.count
    }

    fn shape(&self) -> SampleShape {
        self.generation.shape
    }

    fn levels(&self) -> Option<u32> {
        self.levels
    }

    fn read(&mut self, range: Range<usize>) -> Option<Vec<f32>> {
        let first = self.generation.first + range.start;
        let part = Generation { first, count: range.len(), ..self.generation };
        part.run(&cpu(), &mut |first, moment| (self.observe)(first, moment))
    }
}
