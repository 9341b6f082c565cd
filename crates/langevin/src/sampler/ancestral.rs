//! Steps that go below their goal and come back by fresh noise.

use langevin_math::{NoiseLevel, Transition};

/// Splits a step into a deterministic part that ends below its goal and noise that leads up to it, so that the noise is
/// η times what an ancestral step adds:
///
/// ρ_up = η √(ρ_to² (ρ_from² − ρ_to²)/ρ_from²), ρ_down = √(ρ_to² − ρ_up²)    (k-diffusion, `get_ancestral_step`)
///
/// Gives the level below.
pub(super) fn below(levels: Transition, eta: f64, level_of_rho: impl Fn(f64) -> NoiseLevel) -> NoiseLevel {
    let (from, to) = (levels.from.rho(), levels.to.rho());
    let up = (eta * (to * to * (from * from - to * to) / (from * from)).sqrt()).min(to);
    if up <= 0.0 {
        return levels.to;
    }
    level_of_rho((to * to - up * up).max(0.0).sqrt())
}
