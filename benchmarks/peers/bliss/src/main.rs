//! Decodes and analyses every file given with bliss-audio, one after the other, and prints its features.

use bliss_audio::decoder::{symphonia::SymphoniaDecoder, Decoder};
use std::{env, process::ExitCode};

fn main() -> ExitCode {
    for path in env::args().skip(1) {
        match SymphoniaDecoder::song_from_path(&path) {
            Ok(song) => println!("{:?}", song.analysis),
            Err(error) => {
                eprintln!("{path}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
