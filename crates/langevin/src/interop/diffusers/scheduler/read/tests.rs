use super::*;
use crate::diffusion::Bound;
use crate::interop::diffusers::CLASSES;
use crate::interop::diffusers::scheduler_config;
use serde_json::json;

fn linear() -> Schedule {
    Schedule::Linear { beta_start: 1e-4, beta_end: 0.02 }
}

#[test]
fn what_is_written_is_read_again() {
    for (index, schedule) in
        [linear(), Schedule::Cosine {}, Schedule::Given { betas: vec![0.1; 30] }].into_iter().enumerate()
    {
        let bounds = [Bound::None, Bound::Clip { range: 2.0 }, Bound::Dynamic { quantile: 0.9, max: 1.5 }];
        let bound = bounds[index];
        for variance in [Variance::FixedLarge, Variance::FixedSmall, Variance::Learned] {
            for prediction in [Prediction::Epsilon, Prediction::X0, Prediction::V] {
                let diffusion =
                    DiffusionConfig { timesteps: 30, schedule: schedule.clone(), prediction, variance };
                let read = read_scheduler(&scheduler_config(&diffusion, bound)).unwrap();
                assert_eq!((read.diffusion, read.scheduler.bound()), (diffusion, bound));
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
        (ddpm.diffusion.timesteps, ddpm.diffusion.variance, ddpm.scheduler.bound()),
        (1000, Variance::FixedSmall, Bound::Clip { range: 1.0 })
    );
    let heun = read("HeunDiscreteScheduler");
    assert_eq!(heun.diffusion.schedule, Schedule::Linear { beta_start: 0.00085, beta_end: 0.012 });
    assert_eq!(heun.scheduler.bound(), Bound::None);
    for class in CLASSES {
        read(class.name);
    }
}

#[test]
fn everything_that_is_not_supported_is_listed() {
    let message = read_scheduler(&json!({
        "_class_name": "DDPMScheduler",
        "rescale_betas_zero_snr": true,
        "variance_type": "learned",
        "beta_schedule": "laplace",
        "prediction_type": "flow_prediction",
        "num_train_timesteps": -3,
    }))
    .unwrap_err();
    for part in ["rescale_betas_zero_snr", "\"learned\"", "laplace", "flow_prediction", "-3"] {
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
    assert_eq!(read.scheduler.bound(), Bound::None);
    let process = read.diffusion.process().unwrap();
    // Without the Runge–Kutta start a run's last timestep is 0, here with its offset of 1.
    let plan = read.scheduler.plan(&process, 10).unwrap();
    assert_eq!((plan.grid.step(9).from.t, plan.draws_noise), (1.0, false));
}

#[test]
fn the_old_word_for_the_prediction_is_understood() {
    let old = json!({"_class_name": "DDPMScheduler", "predict_epsilon": false, "timestep_values": null});
    assert_eq!(read_scheduler(&old).unwrap().diffusion.prediction, Prediction::X0);
}
