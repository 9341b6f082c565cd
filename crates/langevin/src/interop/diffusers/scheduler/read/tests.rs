use super::*;
use crate::interop::diffusers::scheduler_config;
use serde_json::json;

fn linear() -> Schedule {
    Schedule::Linear { beta_start: 1e-4, beta_end: 0.02 }
}

#[test]
fn what_is_written_is_read_again() {
    for schedule in [linear(), Schedule::Cosine {}, Schedule::Given { betas: vec![0.1; 30] }] {
        for variance in [Variance::FixedLarge, Variance::FixedSmall, Variance::Learned] {
            for prediction in [Prediction::Epsilon, Prediction::X0, Prediction::V] {
                let diffusion =
                    DiffusionConfig { timesteps: 30, schedule: schedule.clone(), prediction, variance };
                let read = read_scheduler(&scheduler_config(&diffusion, false)).unwrap();
                assert_eq!((read.diffusion, read.clip), (diffusion, false));
            }
        }
    }
}

#[test]
fn a_field_that_is_not_there_has_its_class_s_default() {
    let read = |name: &str| read_scheduler(&json!({"_class_name": name})).unwrap();
    let ddpm = read("DDPMScheduler");
    assert_eq!(ddpm.diffusion.schedule, linear());
    assert_eq!(
        (ddpm.diffusion.timesteps, ddpm.diffusion.variance, ddpm.clip),
        (1000, Variance::FixedSmall, true)
    );
    assert_eq!(ddpm.hints.spacing, Some(Spacing::Leading));
    let heun = read("HeunDiscreteScheduler");
    assert_eq!(heun.diffusion.schedule, Schedule::Linear { beta_start: 0.00085, beta_end: 0.012 });
    assert!(!heun.clip);
    for class in CLASSES {
        read(class.name);
    }
}

#[test]
fn everything_that_is_not_supported_is_listed() {
    let message = read_scheduler(&json!({
        "_class_name": "DDPMScheduler",
        "rescale_betas_zero_snr": true,
        "thresholding": true,
        "variance_type": "learned",
        "beta_schedule": "laplace",
        "prediction_type": "flow_prediction",
        "clip_sample_range": 2.0,
        "num_train_timesteps": -3,
    }))
    .unwrap_err();
    for part in
        ["rescale_betas_zero_snr", "thresholding", "\"learned\"", "laplace", "flow_prediction", "2.0", "-3"]
    {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    let message = read_scheduler(&json!({"_class_name": "KarrasVeScheduler"})).unwrap_err();
    assert!(message.contains("KarrasVeScheduler") && message.contains("DDIMScheduler"), "{message}");
}

/// diffusers passes over what a class does not take, and keeps it in files that went through another class.
#[test]
fn what_a_class_does_not_take_has_no_effect() {
    let read = read_scheduler(&json!({
        "_class_name": "PNDMScheduler",
        "clip_sample": true,
        "variance_type": "learned",
        "thresholding": true,
        "skip_prk_steps": true,
        "steps_offset": 1,
        "_use_default_values": ["timestep_spacing"],
        "tensor_format": "pt",
    }))
    .unwrap();
    assert!(!read.clip);
    assert_eq!(read.hints.steps_offset, 1);
    assert_eq!(read.hints.solver, *json!({"skip_prk_steps": true}).as_object().unwrap());
}

#[test]
fn the_old_word_for_the_prediction_is_understood() {
    let old = json!({"_class_name": "DDPMScheduler", "predict_epsilon": false, "timestep_values": null});
    assert_eq!(read_scheduler(&old).unwrap().diffusion.prediction, Prediction::X0);
}
