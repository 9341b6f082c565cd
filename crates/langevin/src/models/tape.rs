//! What training a network holds in memory, followed step by step without building the network.

/// What a backward pass does to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// So many elements a sample come.
    Take(usize),
    /// So many elements a sample go.
    Release(usize),
    /// The gradient of so many parameters comes, and stays.
    Weights(usize),
}

/// The backward pass of a network: what the forward pass keeps for it, and what comes and goes in it.
///
/// The fused operations decide what is kept: a convolution its input, a normalisation too, attention its q, k, v and output,
/// a concatenation nothing. What one keeps as its input another may keep as well: it counts once, where it is first read.
#[derive(Clone, Debug)]
pub struct Tape {
    /// In the order of the forward pass, the events of each operation's backward pass.
    operations: Vec<Vec<Event>>,
    /// Elements a sample that are there as the backward pass begins: what is kept, and the output's gradient.
    begin: usize,
    /// Elements a sample at the peak of a forward pass that keeps nothing.
    forward: usize,
}

impl Tape {
    /// The tape of a network whose output has `output` elements.
    pub(super) fn new(output: usize) -> Self {
        Self { operations: Vec::new(), begin: output, forward: 0 }
    }

    /// The next operation of the forward pass, which keeps `kept` elements a sample, all of which its events release.
    pub(super) fn push(&mut self, kept: usize, backward: Vec<Event>) {
        self.begin += kept;
        self.operations.push(backward);
    }

    /// A moment of a forward pass that keeps nothing for a backward pass.
    pub(super) fn pass(&mut self, elements: usize) {
        self.forward = self.forward.max(elements);
    }

    /// Elements at the peak of the backward pass of `samples` samples, the parameters' gradients among them.
    pub fn peak(&self, samples: usize) -> usize {
        let mut there = samples.saturating_mul(self.begin);
        let mut peak = there;
        for event in self.backward() {
            there = after(there, event, samples);
            peak = peak.max(there);
        }
        peak
    }

    /// Elements a sample at the peak of a forward pass without gradients.
    pub fn forward(&self) -> usize {
        self.forward
    }

    fn backward(&self) -> impl Iterator<Item = Event> {
        self.operations.iter().rev().flatten().copied()
    }

    /// What is left of one sample at the end, and the gradients of the parameters: the same, if the events are complete.
    #[cfg(test)]
    pub(super) fn ends(&self) -> [usize; 2] {
        let left = self.backward().fold(self.begin, |there, event| after(there, event, 1));
        let weights = self.backward().map(|event| if let Event::Weights(count) = event { count } else { 0 });
        [left, weights.sum()]
    }
}

fn after(there: usize, event: Event, samples: usize) -> usize {
    match event {
        // More than any machine has is enough to know.
        Event::Take(elements) => there.saturating_add(samples.saturating_mul(elements)),
        Event::Release(elements) => there.saturating_sub(samples.saturating_mul(elements)),
        Event::Weights(count) => there.saturating_add(count),
    }
}
