//! TensorBoard's event files, read by hand after the published formats (TFRecord, the wire format of protocol buffers): nothing
//! here is shared with what writes them.

use std::fs;
use std::path::{Path, PathBuf};

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub wall_time: f64,
    pub step: u64,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Version(String),
    Start,
    Values(Vec<(String, Content)>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    Scalar(f32),
    Image { height: u64, width: u64, channels: u64, file: Vec<u8> },
    Text(String),
}

/// The event files of a run, in the order in which TensorBoard reads them.
pub fn files(run: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(run).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = paths.filter(|path| path.to_str().unwrap().contains("tfevents")).collect();
    found.sort();
    found
}

/// The events of a file, up to a record that is cut short. A wrong checksum is a panic.
pub fn read(path: &Path) -> Vec<Event> {
    let bytes = fs::read(path).unwrap();
    let (mut rest, mut events) = (&bytes[..], Vec::new());
    while rest.len() >= 12 {
        let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        assert_eq!(checksum(&rest[..8]), rest[8..12], "a length in {}", path.display());
        if rest.len() < length + 16 {
            break;
        }
        let data = &rest[12..12 + length];
        assert_eq!(checksum(data), rest[12 + length..16 + length], "an event in {}", path.display());
        events.push(event(data));
        rest = &rest[16 + length..];
    }
    events
}

/// Every value of a run with its step, without what a resumed process has made void, which TensorBoard drops.
pub fn values(run: &Path) -> Vec<(u64, String, Content)> {
    let (mut found, mut started): (Vec<(u64, String, Content)>, bool) = (Vec::new(), false);
    for path in files(run) {
        for event in read(&path) {
            match event.what {
                What::Version(_) => {}
                // The first is the run's beginning, and drops nothing.
                What::Start if started => found.retain(|(step, ..)| *step < event.step),
                What::Start => started = true,
                What::Values(values) => {
                    found.extend(values.into_iter().map(|(tag, content)| (event.step, tag, content)));
                }
            }
        }
    }
    found
}

/// The masked CRC-32C, bit by bit.
fn checksum(data: &[u8]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for byte in data {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
        }
    }
    (!crc).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// What a field of a message holds: a number, the bits of one, or bytes.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    fn number(&self) -> u64 {
        let Field::Number(value) = self else { panic!("bytes in place of a number") };
        *value
    }

    fn bytes(&self) -> &'a [u8] {
        let Field::Bytes(bytes) = self else { panic!("a number in place of bytes") };
        bytes
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes().to_vec()).unwrap()
    }
}

/// The fields of a message with their numbers.
fn fields(mut data: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut found = Vec::new();
    while !data.is_empty() {
        let key = varint(&mut data);
        let field = match key & 7 {
            0 => Field::Number(varint(&mut data)),
            1 => Field::Number(u64::from_le_bytes(take(&mut data, 8).try_into().unwrap())),
            2 => {
                let length = varint(&mut data) as usize;
                Field::Bytes(take(&mut data, length))
            }
            5 => Field::Number(u32::from_le_bytes(take(&mut data, 4).try_into().unwrap()).into()),
            other => panic!("wire type {other}"),
        };
        found.push((key >> 3, field));
    }
    found
}

fn take<'a>(data: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = data.split_at(length);
    *data = rest;
    taken
}

fn varint(data: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = take(data, 1)[0];
        value |= u64::from(byte & 127) << shift;
        shift += 7;
        if byte < 128 {
            return value;
        }
    }
}

fn event(data: &[u8]) -> Event {
    let (mut wall_time, mut step, mut what) = (0.0, 0, None);
    for (number, field) in fields(data) {
        match number {
            1 => wall_time = f64::from_bits(field.number()),
            2 => step = field.number(),
            3 => what = Some(What::Version(field.text())),
            5 => what = Some(What::Values(fields(field.bytes()).iter().map(value).collect())),
            7 => {
                let status: Vec<_> =
                    fields(field.bytes()).iter().map(|(number, field)| (*number, field.number())).collect();
                assert_eq!(status, [(1, 1)]);
                what = Some(What::Start);
            }
            10 => assert!(fields(field.bytes())[0].1.text().starts_with("langevin ")),
            other => panic!("field {other} of an event"),
        }
    }
    Event { wall_time, step, what: what.unwrap() }
}

fn value((number, field): &(u64, Field)) -> (String, Content) {
    assert_eq!(*number, 1);
    let (mut tag, mut content) = (String::new(), None);
    for (number, field) in fields(field.bytes()) {
        match number {
            1 => tag = field.text(),
            2 => content = Some(Content::Scalar(f32::from_bits(field.number() as u32))),
            4 => content = Some(image(field.bytes())),
            8 => {
                content =
                    fields(field.bytes()).iter().find(|(n, _)| *n == 8).map(|(_, f)| Content::Text(f.text()))
            }
            9 => assert!(field.bytes().ends_with(b"\x0a\x04text\x20\x02"), "{:?}", field.bytes()),
            other => panic!("field {other} of a value"),
        }
    }
    (tag, content.unwrap())
}

fn image(data: &[u8]) -> Content {
    let found = fields(data);
    let of = |number| &found.iter().find(|(n, _)| *n == number).unwrap().1;
    let [height, width, channels] = [1, 2, 3].map(|number| of(number).number());
    Content::Image { height, width, channels, file: of(4).bytes().to_vec() }
}
