//! Words that have no business where they stand.

use super::Finding;
use super::source::Source;

/// A rule about words.
struct Rule {
    /// What is looked for, as whole words; with `*`, as a part of one.
    words: &'static [&'static str],
    /// The paths it holds for, by how they begin; all of them if there is none.
    only: &'static [&'static str],
    /// The paths it does not hold for.
    except: &'static [&'static str],
    /// Whether it holds in test code too.
    tests: bool,
    /// Whether it holds in strings too.
    strings: bool,
    /// What is wrong with it.
    why: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        words: &["UNet*", "Unet*", "Mlp*"],
        only: &["crates/langevin/src/sampler"],
        except: &[],
        tests: false,
        strings: false,
        why: "a sampler never names a model: it is given a denoiser",
    },
    Rule {
        words: &["*chedule*", "DiffusionTable", "alpha_bar"],
        only: &["crates/langevin/src/models"],
        except: &[],
        tests: false,
        strings: false,
        why: "a model never names a schedule: it gets x and a timestep",
    },
    Rule {
        words: &[
            "alphas_cumprod",
            "to_q",
            "to_k",
            "to_v",
            "to_out",
            "down_blocks",
            "up_blocks",
            "mid_block",
            "resnets",
            "downsamplers",
            "upsamplers",
            "conv_norm_out",
            "conv_shortcut",
            "time_emb_proj",
            "block_out_channels",
            "layers_per_block",
            "norm_num_groups",
            "flip_sin_to_cos",
            "freq_shift",
            "num_train_timesteps",
            "prediction_type",
            "timestep_spacing",
            "steps_offset",
            "squaredcos_cap_v2",
            "_class_name",
            "_diffusers_version",
            "UNet2DModel",
            "DDPMScheduler",
            "DDIMScheduler",
            "DDPMPipeline",
            "DDIMPipeline",
            "AuxLogits*",
            "Mixed_*",
            "branch_pool",
            "num_batches_tracked",
            "running_mean",
            "running_var",
            "_conv_stem*",
            "_depthwise_conv*",
        ],
        only: &["crates/"],
        except: &["crates/langevin/src/interop"],
        tests: false,
        strings: true,
        why: "only 'interop' knows the names of other programs' fields and parameters",
    },
    Rule {
        words: &["fs", ".exists(", ".is_dir(", ".is_file(", ".read_dir(", ".canonicalize(", "image::open"],
        only: &["crates/"],
        except: &[
            "crates/langevin-cli/",
            "crates/langevin-serve/src/runs",
            "crates/langevin/src/data",
            "crates/langevin/src/files",
            "crates/langevin/src/interop",
            "crates/langevin/src/train/checkpoint",
            "crates/langevin/src/train/lock",
            "crates/langevin/src/train/metrics",
            "crates/langevin/src/train/run",
            "crates/langevin/src/train/tensorboard",
        ],
        tests: false,
        strings: false,
        why: "only data, files, interop, the run folder of train, what serves it and the program touch the file system",
    },
    Rule {
        words: &["burn"],
        only: &["crates/langevin-math/", "crates/langevin-kernels/", "crates/langevin-metrics/"],
        except: &[],
        tests: true,
        strings: false,
        why: "the mathematics, the kernels and the metrics do without tensors",
    },
    Rule {
        words: &["unsafe"],
        only: &[],
        // What counts the allocations of a fuzz target is a global allocator, which is unsafe by its nature.
        except: &["crates/langevin-kernels/", "crates/langevin-ops/", "fuzz/src/memory.rs"],
        tests: true,
        strings: false,
        why: "unsafe code lives in langevin-kernels and langevin-ops alone",
    },
    Rule {
        words: &["thread_rng", "rand::random", "rand::rng"],
        only: &[],
        except: &[],
        tests: true,
        strings: false,
        why: "there is no global random state: draw from a langevin_math::rng::Stream",
    },
    Rule {
        words: &["::random("],
        only: &["crates/"],
        except: &[],
        tests: false,
        strings: false,
        why: "Burn's random tensors come from one global generator: draw from a langevin_math::rng::Stream",
    },
    Rule {
        words: &["todo!", "unimplemented!", "dbg!", "#[ignore"],
        only: &[],
        except: &[],
        tests: true,
        strings: false,
        why: "unfinished code, debugging output and tests that do not run stay out",
    },
];

/// Reports the words that do not belong into a file.
pub fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.holds_for(&source.path)) {
        let text = if rule.strings { &source.strings } else { &source.code };
        for word in rule.words {
            for at in places(text, word).filter(|at| rule.tests || !source.is_test(*at)) {
                let word = word.trim_matches('*');
                findings.push(source.finding(at, format!("'{word}': {}", rule.why)));
            }
        }
    }
    findings
}

impl Rule {
    fn holds_for(&self, path: &str) -> bool {
        let begins = |starts: &[&str]| starts.iter().any(|start| path.starts_with(start));
        (self.only.is_empty() || begins(self.only)) && !begins(self.except)
    }
}

/// Where a word stands that no letter before or after it continues; a `*` takes such letters.
fn places(text: &str, word: &str) -> impl Iterator<Item = usize> {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let (open_start, open_end) = (word.starts_with('*'), word.ends_with('*'));
    let word = word.trim_matches('*');
    let starts = move |at: usize| open_start || !word.starts_with(is_name) || !text[..at].ends_with(is_name);
    let ends = move |at: usize| open_end || !word.ends_with(is_name) || !text[at..].starts_with(is_name);
    text.match_indices(word).map(|(at, _)| at).filter(move |at| starts(*at) && ends(at + word.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Source::parse(path, text)).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn words_are_whole() {
        let found = |word| places("to_q to_qk into_q \"a.to_q.b\"", word).collect::<Vec<_>>();
        assert_eq!(found("to_q"), [0, 21]);
        assert_eq!(found("to_q*"), [0, 5, 21]);
        assert_eq!(found("*to_q*"), [0, 5, 13, 21]);
        assert_eq!(places("x.exists() exists(", ".exists(").collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn samplers_and_models_do_not_know_each_other() {
        assert_eq!(lines("crates/langevin/src/sampler/ddim.rs", "//! UNet\nfn f(x: UNetConfig) {}"), [2]);
        assert_eq!(lines("crates/langevin/src/models/mlp.rs", "use langevin_math::Schedule;"), [1]);
        assert_eq!(lines("crates/langevin/src/models/mlp.rs", "fn f() { noise_schedule() }"), [1]);
        assert!(lines("crates/langevin/src/train/mod.rs", "fn f(x: UNet, y: Schedule) {}").is_empty());
    }

    #[test]
    fn foreign_names_stay_in_interop() {
        let text = "const KEY: &str = \"mid_block.attentions.0.to_q.weight\"; // resnets";
        assert_eq!(lines("crates/langevin/src/models/weights.rs", text), [1, 1]);
        assert!(lines("crates/langevin/src/interop/diffusers.rs", text).is_empty());
        assert!(lines("crates/langevin/tests/parity/unet/mod.rs", text).is_empty());
    }

    #[test]
    fn files_are_touched_in_few_places() {
        let text = "use std::{fs, io};\nfn f(p: &Path) -> bool { p.exists() }\n#[cfg(test)]\nuse std::fs;";
        assert_eq!(lines("crates/langevin/src/train/loop.rs", text), [1, 2]);
        assert_eq!(lines("crates/langevin-math/src/rng.rs", text), [1, 2]);
        for path in
            ["langevin/src/data/idx.rs", "langevin/src/train/checkpoint/read.rs", "langevin-cli/src/main.rs"]
        {
            assert!(lines(&format!("crates/{path}"), text).is_empty(), "{path}");
        }
    }

    #[test]
    fn unsafe_and_global_randomness_are_found_in_tests_too() {
        let text = "#[cfg(test)]\nmod tests {\nfn f() { unsafe { g() } }\nfn h() { rand::random() }\n}";
        assert_eq!(lines("crates/langevin/src/nn/conv.rs", text), [3, 4]);
        assert_eq!(lines("crates/langevin-ops/src/conv.rs", text), [4]);
        assert!(lines("crates/langevin/src/nn/conv.rs", "#![deny(unsafe_code)]").is_empty());
        assert_eq!(lines("crates/langevin/src/nn/conv.rs", "let x = Tensor::<2>::random([1]);"), [1]);
    }

    #[test]
    fn unfinished_code_is_found() {
        let text = "#[test]\n#[ignore = \"slow\"]\nfn f() { todo!() }\nfn g() { dbg!(1); } // todo!";
        let found = check(&Source::parse("xtask/src/main.rs", text));
        let mut lines: Vec<_> = found.iter().map(|finding| finding.line).collect();
        lines.sort_unstable();
        assert_eq!(lines, [2, 3, 4]);
        assert!(found[0].to_string().starts_with("xtask/src/main.rs:3: 'todo!': unfinished code"));
    }

    #[test]
    fn the_tensors_stay_out_of_the_mathematics() {
        assert_eq!(lines("crates/langevin-math/src/process.rs", "use burn::tensor::Tensor;"), [1]);
        assert!(lines("crates/langevin-ops/src/conv.rs", "use burn::tensor::Tensor;").is_empty());
    }
}
