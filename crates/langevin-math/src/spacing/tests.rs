use proptest::prelude::*;

use super::*;

/// `numpy.arange`, `numpy.linspace` and DDIM's `int(s)` of a squared `linspace`, numpy 2.
#[test]
fn timesteps_agree_with_numpy() {
    let cases: [(Spacing, usize, usize, &[usize]); 11] = [
        (Spacing::LeadingOpen, 1000, 10, &[90, 180, 270, 360, 450, 540, 630, 720, 810, 900]),
        (Spacing::LinspaceOpen, 1000, 10, &[100, 200, 300, 400, 500, 599, 699, 799, 899, 999]),
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
        "\"cubic\" is not a spacing: expected one of leading, trailing, linspace, quadratic, leading-open, linspace-open"
    );
}

/// Up to the largest process accepted, also where neighbours are barely more than 1 apart.
#[test]
fn large_processes_keep_exact_counts() {
    let total = crate::MAX_TIMESTEPS;
    for steps in [1, 2, 3, 30_001, 66_667, total * 4 / 5, total - 3, total - 1, total] {
        for spacing in Spacing::ALL {
            let Ok(timesteps) = spacing.timesteps(total, steps) else {
                assert!(
                    steps > total * 4 / 5 && spacing == Spacing::Quadratic || steps == total,
                    "{spacing}"
                );
                continue;
            };
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
                prop_assert!(spacing == Spacing::Quadratic && 5 * steps > 4 * total || steps == total);
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
}
