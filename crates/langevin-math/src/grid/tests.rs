use super::*;
use crate::Schedule;
use proptest::prelude::*;

fn table() -> DiffusionTable {
    DiffusionTable::new(Schedule::default().betas(1000).unwrap()).unwrap()
}

fn levels(grid: &Grid) -> Vec<NoiseLevel> {
    let mut levels: Vec<NoiseLevel> = (0..grid.len()).map(|i| grid.step(i).from).collect();
    levels.push(grid.step(grid.len() - 1).to);
    levels
}

/// `get_sigmas_karras(5, sigma_min, sigma_max)` of k-diffusion for this schedule, by NumPy.
#[test]
fn karras_levels_are_the_published_ones() {
    let options = GridOptions { sigmas: Sigmas::Karras, ..GridOptions::default() };
    let grid = table().grid(options, 5).unwrap();
    let (max, min) = (157.40731f64, 0.010000500f64);
    for (i, level) in levels(&grid)[..5].iter().enumerate() {
        let part = i as f64 / 4.0;
        let expected = (max.powf(1.0 / 7.0) * (1.0 - part) + min.powf(1.0 / 7.0) * part).powi(7);
        assert!((level.rho() / expected - 1.0).abs() < 1e-6, "level {i}: {} for {expected}", level.rho());
    }
    assert!(grid.step(4).to.is_data());
}

#[test]
fn log_snr_levels_are_evenly_spaced_and_end_where_asked() {
    for (last, steps, levels_between) in
        [(Last::Data, 10, 9.0), (Last::SigmaMin, 10, 10.0), (Last::Denoise, 11, 10.0)]
    {
        let options = GridOptions { sigmas: Sigmas::LogSnr, last, ..GridOptions::default() };
        let grid = table().grid(options, 10).unwrap();
        assert_eq!(grid.len(), steps);
        let table = table();
        let span = table.level(0).lambda() - table.level(999).lambda();
        for i in 0..9 {
            assert!((grid.step(i).lambda_step() - span / levels_between).abs() < 1e-9, "{last}, step {i}");
        }
        let end = grid.step(grid.len() - 1).to;
        assert_eq!(end.is_data(), last != Last::SigmaMin);
    }
}

#[test]
fn steps_that_end_at_the_cleanest_level_are_as_many_as_asked() {
    for spacing in Spacing::ALL {
        let options = GridOptions { spacing, last: Last::SigmaMin, ..GridOptions::default() };
        let grid = table().grid(options, 20).unwrap();
        assert_eq!(grid.len(), 20, "{spacing}");
        let levels = levels(&grid);
        assert!(levels.windows(2).all(|pair| pair[0].t > pair[1].t), "{spacing}");
        assert_eq!(levels[20].t, 0.0, "{spacing}");
    }
}

#[test]
fn a_grid_turned_round_goes_back() {
    let grid = table().grid(GridOptions::default(), 7).unwrap();
    let back = grid.reversed();
    assert!(back.step(0).from.is_data());
    assert_eq!(back.step(6).to, grid.step(0).from);
    assert_eq!(back.reversed(), grid);
}

/// As many steps as are promised are given, and one more is refused with that number.
#[test]
fn the_most_steps_are_those_that_can_be_had() {
    for total in [1, 2, 7, 40] {
        let table = DiffusionTable::new(vec![0.02; total]).unwrap();
        for sigmas in [Sigmas::Schedule, Sigmas::Karras, Sigmas::LogSnr] {
            for spacing in Spacing::ALL {
                for last in [Last::Data, Last::SigmaMin, Last::Denoise] {
                    let options = GridOptions { sigmas, spacing, last };
                    let most = table.max_steps(options);
                    for steps in (1..=most.min(60)).rev() {
                        let grid = table.grid(options, steps).unwrap();
                        assert_eq!(grid.len(), steps + usize::from(last == Last::Denoise), "{options:?}");
                        let moves = (0..grid.len()).all(|i| grid.step(i).from != grid.step(i).to);
                        assert!(moves, "{options:?}, {steps} steps of {total}");
                    }
                    let error = table.grid(options, most + 1).unwrap_err();
                    assert!(
                        matches!(error, MathError::StepCount { steps, max, .. } if steps == most + 1 && max == most)
                    );
                }
            }
        }
    }
}

#[test]
fn counts_and_names_that_cannot_be_are_refused() {
    let karras = GridOptions { sigmas: Sigmas::Karras, ..GridOptions::default() };
    assert!(table().grid(karras, 0).is_err());
    assert_eq!(table().grid(karras, 1).unwrap().len(), 1);
    assert!(table().grid(GridOptions::default(), 1001).is_err());
    let message = "exponentiel".parse::<Sigmas>().unwrap_err().to_string();
    assert!(message.contains("schedule, karras, log-snr"), "{message}");
    assert_eq!("exponential".parse(), Ok(Sigmas::LogSnr));
    for last in [Last::Data, Last::SigmaMin, Last::Denoise] {
        assert_eq!(last.to_string().parse(), Ok(last));
    }
}

proptest! {
    /// A timestep's level has its timestep, on and between the timesteps of the process.
    #[test]
    fn levels_and_timesteps_are_inverse(t in 0.0f64..999.0) {
        let table = table();
        let level = table.level_at(t);
        prop_assert_eq!(level.t, t);
        prop_assert!((table.level_of_rho(level.rho()).t - t).abs() < 1e-6);
    }

    /// Beyond the ends, the noise is what was asked for, and the network is told the end.
    #[test]
    fn levels_beyond_the_process_keep_their_noise(rho in prop_oneof![1e-5f64..9e-3, 160.0..1e4]) {
        let level = table().level_of_rho(rho);
        prop_assert!((level.rho() / rho - 1.0).abs() < 1e-9);
        prop_assert_eq!(level.t, if rho < 1.0 { 0.0 } else { 999.0 });
    }
}
