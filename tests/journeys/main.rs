//! Journeys: the real program, in a real pseudo-terminal, as a cashier and a customer use it.
#![cfg(target_os = "linux")]

mod hub;
mod shop;
mod till;

mod customer;
mod memory;
mod sale;
mod scanner;
mod start;
mod sync;
mod terminal;

/// Barra de pan, 0,85.
const BREAD: &str = "0400001010013";
/// Leche entera 1 L, 1,15.
const MILK: &str = "0400001020012";
/// Huevos camperos 12 unidades, 3,45.
const EGGS: &str = "0400001020098";
/// Lavadora Alba 8 kg, 389,00.
const WASHER: &str = "0400001200018";
/// Microondas Lumbre 20 L, 79,90.
const MICROWAVE: &str = "0400001200087";
/// A right code that the demo shop does not sell.
const UNKNOWN: &str = "4006381333931";

/// The selling screen, in Spanish and English: what its empty input line says.
const READY: &str = "código, nombre o 3*";
const READY_EN: &str = "code, name or 3*";
