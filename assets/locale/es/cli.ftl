config-not-toml = esta línea no se entiende.
config-duplicate = esta clave ya está.
config-unknown-key = no hay ninguna clave { $key }.
config-missing = falta { $key }.
config-bad-value = { $key } no puede ser { $found }.

config-remedy-toml = Escriba una clave por línea, como name = "Sol": los textos entre comillas; los números y true o false, sin ellas.
config-remedy-duplicate = Deje una sola de las dos líneas.
config-remedy-meant = Quizá quiso decir { $key }; si no, quite la línea.
config-remedy-unknown = Quite la línea.
config-remedy-missing = Añada una línea para { $key }.

config-want-table = Escríbala en una línea propia entre corchetes, con sus claves debajo.
config-want-text = Escriba de 1 a { $longest } caracteres entre comillas, en una línea.
config-want-tax-id = Escriba letras, cifras, "-", "." o "/", { $longest } como mucho, entre comillas.
config-want-language = Escriba "es" o "en".
config-want-currency = Escriba "EUR", "USD", "GBP", "CHF", "MXN", "SEK", "DKK", "NOK", "PLN", "CZK" o "JPY".
config-want-series = Escriba letras, cifras o "-", { $longest } como mucho, entre comillas.
config-want-dialling-code = Escriba entre comillas las 1 a 4 cifras del país, sin ceros delante, como "34".
config-want-cash-step = Escriba 1, 5, 10, 50 o 100.
config-want-rate = Escriba un tanto por ciento de 0 a 100 con dos decimales como mucho, como 21 o 5.2.
config-want-yes-no = Escriba true (sí) o false (no).
config-want-theme = Escriba "default", "high-contrast" o "plain".
config-want-columns = Escriba 32, 42 o 48.
config-want-rules = Escriba reglas entre corchetes, como [{"{"} prefix = "21", item = 5, value = 5, holds = "price", check = false {"}"}].
config-want-prefix = Escriba "02", o de "20" a "29".
config-want-digits = Escriba un número del 1 al 9.
config-want-holds = Escriba "price" (precio) o "weight" (peso).
config-want-thirteen = Prefijo, artículo, valor y dígitos de control deben sumar 13 cifras; estos suman { $count }.
config-want-checked-value = Escriba check = false: solo un valor de 4 o 5 cifras tiene dígito de control.
config-want-keys = Escriba teclas entre corchetes, como ["F10", "Ctrl+P"].
