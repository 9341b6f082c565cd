//! Pickles that ask for a command to be run: none is, and the error says what was found.

use super::targets::TARGETS;
use langevin::interop::torch::TorchFile;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A text as protocol 2 writes it.
fn text(text: &str) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

/// What calls a function of a module in each of the ways that a pickle has, with what names the function in it.
fn calls(command: &str, code: &str) -> Vec<(&'static str, Vec<u8>)> {
    let argument = |of: &str| [&b"("[..], &text(of), b"t"].concat();
    let global = |name: &[u8], of: &str| [b"c", name, &argument(of), b"R."].concat();
    let stacked = |module: &str, name: &str, of: &str| {
        [b"\x80\x04", &text(module)[..], &text(name), b"\x93", &argument(of), b"R."].concat()
    };
    vec![
        ("os.system", global(b"os\nsystem\n", command)),
        ("posix.system", global(b"posix\nsystem\n", command)),
        ("subprocess.getoutput", global(b"subprocess\ngetoutput\n", command)),
        ("builtins.eval", global(b"builtins\neval\n", code)),
        ("builtins.exec", global(b"builtins\nexec\n", code)),
        ("__builtin__.eval", global(b"__builtin__\neval\n", code)),
        ("os.system", stacked("os", "system", command)),
        ("builtins.exec", stacked("builtins", "exec", code)),
        // NEWOBJ, and NEWOBJ_EX with no named arguments.
        ("subprocess.Popen", [b"\x80\x02csubprocess\nPopen\n", &argument(command)[..], b"\x81."].concat()),
        ("subprocess.Popen", [b"\x80\x04csubprocess\nPopen\n", &argument(command)[..], b"}\x92."].concat()),
        // PyTorch's own way to call a function of any name.
        (
            "os.system",
            [
                b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n(cos\nsystem\nctorch\nTensor\n",
                &argument(command)[..],
                b"NtR.",
            ]
            .concat(),
        ),
        // INST, whose name and arguments stand together: no such opcode is known.
        ("0x69", [b"\x80\x02(", &text(command)[..], b"ios\nsystem\n."].concat()),
    ]
}

#[test]
fn nothing_that_a_pickle_names_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("it-was-run");
    let command = format!("touch {}", marker.display());
    let code = format!("open({:?}, 'w').close()", marker.display().to_string());
    // The command would do what is looked for.
    assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    fs::remove_file(&marker).unwrap();

    let archive = TARGETS.iter().find(|target| target.name == "pickle").unwrap();
    for (named, pickle) in calls(&command, &code) {
        let whole = (archive.files)(&pickle).remove(0).1;
        for (form, bytes) in [("archive", whole), ("stream", legacy(&pickle)), ("alone", alone(&pickle))] {
            let path = folder.path().join("model.pt");
            fs::write(&path, bytes).unwrap();
            let message = TorchFile::open(&path).map(|file| file.names().count()).unwrap_err().to_string();
            assert!(message.contains("model.pt") && message.contains(named), "{named}, {form}: {message}");
            assert!(!marker.exists(), "{named} was run, {form}");
        }
    }
}

/// The calls among weights that are sound: the weights are read, the calls are not made.
#[test]
fn nothing_beside_the_weights_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("it-was-run");
    let command = format!("touch {}", marker.display());
    let storage = b"ctorch\nFloatStorage\n".to_vec();
    let tensor = [
        &b"ctorch._utils\n_rebuild_tensor_v2\n(("[..],
        &text("storage"),
        &storage,
        &text("0"),
        &text("cpu"),
        b"K\x02tQK\x00K\x02\x85K\x01\x85\x89NtR",
    ]
    .concat();
    let call = [&b"cos\nsystem\n("[..], &text(&command), b"tR"].concat();
    let pickle = [
        &b"\x80\x02}("[..],
        &text("w"),
        &tensor,
        &text("hook"),
        &call,
        b"u.\n--8<--\n",
        &[0, 0, 128, 63, 0, 0, 0, 64],
    ]
    .concat();
    let archive = TARGETS.iter().find(|target| target.name == "pickle").unwrap();
    let path = folder.path().join("model.pt");
    fs::write(&path, (archive.files)(&pickle).remove(0).1).unwrap();
    let weights = TorchFile::open(&path).unwrap().weights("").unwrap();
    assert_eq!((weights.len(), &weights["w"].values[..]), (1, &[1.0, 2.0][..]));
    assert!(!marker.exists());
}

/// The stream that PyTorch wrote before 1.6, with a pickle as what was saved: the start of a real one goes before it.
fn legacy(pickle: &[u8]) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/torch-files/legacy.pt");
    let real = fs::read(path).unwrap();
    // The magic number, the version and what machine it was are a pickle each.
    let third = real.windows(2).enumerate().filter(|(_, pair)| pair == b".\x80").nth(2).unwrap().0;
    // No storages follow.
    [&real[..=third], pickle, b"\x80\x02]q\x00."].concat()
}

/// A pickle by itself, in a form that is taken for one.
fn alone(pickle: &[u8]) -> Vec<u8> {
    if pickle.starts_with(b"\x80") || pickle.starts_with(b"c") {
        pickle.to_vec()
    } else {
        [b"\x80\x02", pickle].concat()
    }
}
