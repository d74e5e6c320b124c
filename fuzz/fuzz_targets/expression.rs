#![no_main]

use latchkey::fuzzing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    fuzzing::expression(data);
});
