use proptest::prelude::*;

use super::*;
use crate::Schedule;

/// `numpy.arange`, `numpy.linspace` and DDIM's `int(s)` of a squared `linspace`, numpy 2.
#[test]
fn timesteps_agree_with_numpy() {
    let cases: [(Spacing, usize, usize, &[usize]); 9] = [
        (Spacing::Leading, 1000, 7, &[0, 142, 284, 426, 568, 710, 852]),
        (Spacing::Trailing, 1000, 7, &[142, 285, 428, 570, 713, 856, 999]),
        (Spacing::Trailing, 37, 8, &[4, 8, 13, 17, 22, 27, 31, 36]),
        (Spacing::Trailing, 20, 8, &[1, 4, 7, 9, 11, 14, 17, 19]),
        (Spacing::Linspace, 1000, 7, &[0, 166, 333, 500, 666, 832, 999]),
        (Spacing::Linspace, 37, 9, &[0, 4, 9, 14, 18, 22, 27, 32, 36]),
        (Spacing::Quadratic, 1000, 10, &[0, 9, 39, 88, 158, 246, 355, 483, 632, 800]),
        (Spacing::Quadratic, 1000, 11, &[0, 8, 32, 72, 128, 200, 288, 392, 512, 648, 800]),
        (
            Spacing::Quadratic,
            1000,
            20,
            &[0, 2, 8, 19, 35, 55, 79, 108, 141, 179, 221, 268, 319, 374, 434, 498, 567, 640, 718, 800],
        ),
    ];
    for (spacing, total, steps, expected) in cases {
        assert_eq!(spacing.timesteps(total, steps).unwrap(), expected, "{spacing}, {steps} of {total}");
    }
}

/// DDIM's code gives 0, 0, 3, 8, … here: the second 0 is raised.
#[test]
fn quadratic_duplicates_are_raised() {
    assert_eq!(Spacing::Quadratic.timesteps(1000, 30).unwrap()[..5], [0, 1, 3, 8, 15]);
}

#[test]
fn counts_that_do_not_fit_are_refused() {
    for spacing in Spacing::ALL {
        assert!(spacing.timesteps(10, 0).is_err());
        assert!(spacing.timesteps(10, 11).is_err());
        assert!(spacing.timesteps(0, 1).is_err());
        assert!(spacing.timesteps(usize::MAX, 1).is_err());
    }
    let expected = MathError::StepCount { spacing: "quadratic", steps: 9, max: 8, total: 10 };
    assert_eq!(Spacing::Quadratic.timesteps(10, 9), Err(expected));
    assert_eq!(Spacing::Quadratic.timesteps(10, 8).unwrap(), [0, 1, 2, 3, 4, 5, 6, 8]);
}

#[test]
fn names_read_back() {
    for spacing in Spacing::ALL {
        assert_eq!(spacing.to_string().parse(), Ok(spacing));
        assert_eq!(serde_json::to_string(&spacing).unwrap(), format!("\"{spacing}\""));
    }
    let error = "cubic".parse::<Spacing>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"cubic\" is not a spacing: expected one of leading, trailing, linspace, quadratic"
    );
}

#[test]
fn a_bad_list_of_timesteps_is_refused() {
    let table = DiffusionTable::new(vec![0.1; 10]).unwrap();
    assert_eq!(table.respace(&[]), Err(MathError::NothingKept));
    let beyond = MathError::TimestepOutOfRange { index: 1, timestep: 10, total: 10 };
    assert_eq!(table.respace(&[3, 10]), Err(beyond));
    for (list, previous) in [([0, 4, 4], 4), ([0, 5, 4], 5)] {
        let falling = MathError::TimestepsNotRising { index: 2, timestep: 4, previous };
        assert_eq!(table.respace(&list), Err(falling));
    }
}

#[test]
fn keeping_every_timestep_changes_nothing() {
    let table = DiffusionTable::new(Schedule::default().betas(1000).unwrap()).unwrap();
    let respaced = table.respace(&(0..1000).collect::<Vec<_>>()).unwrap().table;
    for t in 0..1000 {
        assert!((respaced.beta(t) / table.beta(t) - 1.0).abs() < 1e-15);
    }
}

/// Up to the largest process accepted, also where neighbours are barely more than 1 apart.
#[test]
fn large_processes_keep_exact_counts() {
    let total = crate::MAX_TIMESTEPS;
    for steps in [1, 2, 3, 30_001, 66_667, total * 4 / 5, total - 3, total - 1, total] {
        for spacing in Spacing::ALL.into_iter().filter(|&s| s != Spacing::Quadratic || steps <= total * 4 / 5)
        {
            let timesteps = spacing.timesteps(total, steps).unwrap();
            assert_eq!(timesteps.len(), steps);
            assert!(
                timesteps.is_sorted_by(|a, b| a < b) && timesteps[steps - 1] < total,
                "{spacing}, {steps}"
            );
        }
    }
}

proptest! {
    #[test]
    fn exactly_as_many_rising_timesteps_as_asked_for(total in 1usize..3000, part in 0.0f64..1.0) {
        let steps = 1 + (part * total as f64) as usize;
        for spacing in Spacing::ALL {
            let Ok(timesteps) = spacing.timesteps(total, steps) else {
                prop_assert!(spacing == Spacing::Quadratic && 5 * steps > 4 * total);
                continue;
            };
            prop_assert_eq!(timesteps.len(), steps);
            prop_assert!(timesteps.is_sorted_by(|a, b| a < b), "{} is not rising", spacing);
            prop_assert!(timesteps[steps - 1] < total);
            if spacing == Spacing::Trailing {
                prop_assert_eq!(timesteps[steps - 1], total - 1);
            }
        }
    }

    #[test]
    fn respacing_keeps_alpha_bar(
        betas in prop::collection::vec(1e-6f64..0.02, 2..300),
        part in 0.0f64..1.0,
    ) {
        let table = DiffusionTable::new(betas).unwrap();
        let steps = 1 + (part * (table.len() - 1) as f64) as usize;
        let kept = Spacing::Trailing.timesteps(table.len(), steps).unwrap();
        let respaced = table.respace(&kept).unwrap();
        prop_assert_eq!(&respaced.timesteps, &kept);
        let mut product = 1.0;
        for (i, &t) in kept.iter().enumerate() {
            prop_assert_eq!(respaced.table.alpha_bar(i), table.alpha_bar(t));
            // β must lead to the same ᾱ by itself, not only stand beside it.
            product *= 1.0 - respaced.table.beta(i);
            prop_assert!((product / table.alpha_bar(t) - 1.0).abs() < 1e-12);
            let ratio = table.alpha_bar(t) / if i == 0 { 1.0 } else { table.alpha_bar(kept[i - 1]) };
            prop_assert!((respaced.table.beta(i) - (1.0 - ratio)).abs() < 1e-14);
        }
    }
}
