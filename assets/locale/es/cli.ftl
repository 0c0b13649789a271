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

config-key-taken = { $key } no puede ser { $found }, que es { $by } en la misma pantalla.
config-key-writes = { $key } no puede ser { $found }, que escribe en la línea de entrada.
config-remedy-key-taken = Elija otra tecla, o dé otra también a la otra acción.
config-remedy-key-writes = Elija una tecla de función, o añada Ctrl o Alt, como "Ctrl+P".

config-want-table = Escríbala en una línea propia entre corchetes, con sus claves debajo.
config-want-text = Escriba de 1 a { $longest } caracteres entre comillas, en una línea: ninguna tarjeta de pago.
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
config-want-thirteen = Prefijo, producto, valor y dígitos de control deben sumar 13 cifras; estos suman { $count }.
config-want-checked-value = Escriba check = false: solo un valor de 4 o 5 cifras tiene dígito de control.
config-want-keys = Escriba teclas entre corchetes, como ["F10", "Ctrl+P"].

cli-usage = Uso:
cli-option = OPCIONES
cli-options = Opciones
cli-values = Valores
cli-commands = Órdenes
cli-command = ORDEN
cli-unknown-argument = aquí no hay ninguna opción ni valor { $name }.
cli-unknown-command = no hay ninguna orden { $name }.
cli-missing-argument = falta { $name }.
cli-missing-command = falta una orden.
cli-missing-value = { $name } necesita un valor.
cli-bad-value = { $name } no puede ser «{ $value }».
cli-conflict = { $name } no puede ir con { $other }.
cli-unreadable = estos argumentos no se entienden.
cli-meant = Quizá quiso decir { $name }.
cli-see-help = Añada --help para ver qué es posible.

cli-no-home = no hay sitio para los datos de la tienda: este usuario no tiene carpeta personal.
cli-no-home-next = Indique una carpeta: olvido --data CARPETA
cli-loose = otros usuarios de este ordenador podrían leer o cambiar los datos de la tienda.
cli-loose-place = { $path } tiene el modo { $mode }.
cli-loose-next = Para impedirlo, ejecute:
cli-foreign = Olvido solo trabaja con archivos del usuario que lo ejecuta, y no sigue enlaces.
cli-foreign-link = { $path } es un enlace simbólico.
cli-foreign-link-next = Ponga el archivo mismo en lugar del enlace: { $path }
cli-foreign-kind = { $path } no es lo que va en ese sitio.
cli-foreign-kind-next = Llévelo a otra parte: { $path }
cli-foreign-owner = { $path } pertenece al usuario { $user }.
cli-foreign-owner-next = Ejecute Olvido como ese usuario. O, si el archivo es suyo: chown "$(id -u)" { $path }
cli-shared = otros usuarios pueden entrar en esta carpeta, y tiene cosas que no son de una tienda.
cli-shared-next = Indique una propia: olvido --data { $path }
cli-not-a-directory = esto no es una carpeta.
cli-not-a-directory-next = Indique otra con --data, o mueva el archivo.
cli-locked = otro Olvido está trabajando con esta tienda.
cli-locked-backup = se está haciendo una copia de seguridad de esta tienda.
cli-locked-backup-next = Espere a que termine y hágalo otra vez.
cli-waits-for-backup = Se está haciendo una copia de seguridad. Esto espera a que termine.
cli-locked-by = Es el proceso { $pid }.
cli-locked-next = Ciérrelo antes, o espere a que termine.
cli-file-missing = este archivo no existe.
cli-file-missing-next = Compruebe el nombre y la carpeta.
cli-file-denied = este usuario no puede usar este archivo.
cli-file-denied-next = Compruebe de quién es y su modo.
cli-disk-full = el disco está lleno. No se ha cambiado nada.
cli-disk-full-next = Haga sitio e inténtelo de nuevo.
cli-not-text = este archivo no es texto en UTF-8.
cli-not-text-next = Guárdelo como UTF-8 e inténtelo de nuevo.
cli-unknown-language = Aviso: OLVIDO_LANG no es un idioma de Olvido: { $given }. Escriba es o en.
cli-file-large = este archivo es más grande que cualquiera de su clase.
cli-file-large-next = Mire si es el correcto.
cli-products-large-next = Mire si es el correcto. Muchos productos se pueden importar por partes.
cli-file-irregular = esto no es un archivo normal: es una carpeta, una tubería o un dispositivo.
cli-file-irregular-next = Ponga en un archivo lo que hay que leer e indique ese archivo.
cli-file-failed = este archivo no se puede leer o escribir.
cli-file-failed-next = Compruebe el disco e inténtelo de nuevo.
cli-config-refused = la configuración tiene errores. No se ha iniciado nada.
cli-policy-refused = la política tiene errores. No se ha iniciado nada.
cli-line = línea { $line }: { $reason }
cli-no-store = aquí no hay todavía ninguna tienda.
cli-no-store-next = Cree una: olvido init --demo
cli-config-missing = falta la configuración de esta tienda.
cli-config-missing-next = Ponga el archivo otra vez, o restaure una copia de seguridad: olvido restore ARCHIVO
cli-output-failed = no se ha podido escribir la respuesta.
cli-output-failed-next = Compruebe adónde va: quizá el disco esté lleno.
cli-panic = Olvido ha tenido que parar: es un fallo del programa.
cli-panic-next = Lo vendido está guardado. Ábralo de nuevo; logs/olvido.log dice dónde paró.

help = Un punto de venta cuya memoria es del cliente. Sin orden: la caja.
help-init = Crea una tienda nueva.
help-import = Trae datos de otros programas.
help-import-products = Importa productos de un archivo CSV.
help-ring = Vende sin pantalla: un objeto JSON por línea.
help-review = Suma las ventas por día, impuesto, sección y elección.
help-verify = Comprueba tiques, sumas y archivos, y que lo olvidado no está.
help-expire = Destruye lo que ha pasado su plazo y dice por qué día se guía la caja.
help-export = Saca datos.
help-export-tickets = Escribe la cadena de tiques como líneas JSON.
help-receipt = Escribe de nuevo un recibo, por su código.
help-purchase = Muestra u olvida una compra guardada.
help-purchase-show = Muestra qué se guarda de una compra.
help-purchase-forget = Olvida una compra para siempre.
help-customer = Muestra u olvida a un cliente.
help-customer-show = Muestra todo lo que se guarda de un cliente.
help-customer-forget = Olvida a un cliente y todas sus compras para siempre.
help-policy = Muestra la política, o juzga una cambiada.
help-policy-show = Escribe el aviso entero, como lo leen los clientes.
help-policy-new = Escribe la política de esta versión, para hacer la suya a partir de ella.
help-policy-check = Dice qué amplía, reduce o empuja una política cambiada, o por qué se rechaza.
help-backup = Copia la tienda en un archivo.
help-restore = Restaura una tienda desde una copia. Lo olvidado sigue olvidado.

help-arg-data = Dónde está todo; si no, OLVIDO_DATA; si no, la carpeta de datos del usuario.
help-arg-lang = Idioma en que habla; si no, OLVIDO_LANG; si no, el del sistema.
help-arg-help = Muestra esta ayuda.
help-arg-version = Dice la versión.
help-arg-demo = Una tienda de prueba con su catálogo.
help-arg-name = El nombre de la tienda, como en sus tiques.
help-arg-tax-id = Su NIF.
help-arg-goods = Qué vende, con sus palabras: el tique no dice más de lo vendido.
help-arg-language = El idioma de la caja.
help-arg-currency = La moneda de los precios.
help-arg-init-till = Cómo llama la tienda a esta caja.
help-arg-init-series = La serie de los tiques de esta caja; cada caja de una tienda tiene la suya.
help-arg-pin = PIN de la primera persona que vende.
help-arg-staff = Nombre de la primera persona que vende.
help-arg-catalogue = Un archivo de productos para importar.
help-arg-products = Un archivo CSV con una línea de títulos.
help-arg-dry-run = Muestra qué se importaría, sin cambiar nada.
help-arg-skip-bad = Importa las líneas buenas y escribe las demás en un archivo.
help-arg-decimal = El signo decimal de los números del archivo.
help-arg-default-tax = Tipo de los productos que no lo tienen, en tanto por ciento.
help-arg-requests = Un archivo de ventas; si no, la entrada estándar.
help-arg-import = Ventas del pasado: cada una dice cuándo fue.
help-arg-json = Contesta en JSON.
help-arg-day = Solo este día.
help-arg-from = Desde este día.
help-arg-to = Hasta este día.
help-arg-clock-is-right = El reloj de este ordenador está bien, por mucho que haya saltado.
help-arg-code = El código del recibo.
help-arg-columns = Caracteres por línea.
help-arg-purpose = Para qué mira el personal: una devolución, la garantía, lo pide el cliente, una reclamación, una autoridad. Queda anotado. Sin ella: que no se dijo para qué, o que se dio el código del recibo.
help-arg-identifier = El teléfono, correo o número de tarjeta del cliente.
help-arg-damaged-too = Olvida también lo que aquí nadie puede abrir, sea de quien sea: su clave está dañada o falta.
help-arg-record = Escribe en su lugar el registro de actividades de tratamiento (RGPD, artículo 30).
help-arg-notice-language = Solo en este idioma.
help-arg-changed-policy = La política cambiada.
help-arg-backup = La copia.
help-arg-store-key = Dónde está store.key, si no en la carpeta de datos.
help-arg-series = La nueva serie de tiques de la caja.

cli-busy = otro programa está usando la base de datos.
cli-busy-next = Ciérrelo y vuelva a intentarlo.
cli-files-gone = se ha quitado o cambiado un archivo de la tienda mientras Olvido trabajaba con él. No se ha vendido ni olvidado nada.
cli-files-gone-next = Ponga el archivo como estaba e inténtelo de nuevo.
cli-year-impossible = el reloj dice un año que ningún tique puede llevar.
cli-year-impossible-next = Ponga en hora este ordenador y vuelva a intentarlo.
cli-too-new = esta tienda la escribió un Olvido más nuevo.
cli-too-new-next = Instale esa versión o una posterior.
cli-restore-unfinished = una restauración quedó a medias.
cli-restore-unfinished-next = Repita: olvido restore ARCHIVO. Se termina donde se quedó.
cli-database-missing = falta la base de datos de la tienda.
cli-damaged = un archivo de la tienda está dañado. No se ha cambiado nada.
cli-damaged-next =
    No borre nada. Copie antes la carpeta.
    Después restaure una copia: olvido restore ARCHIVO
cli-database-older = olvido.db y olvido.keys no son del mismo momento: alguien puso aquí una copia anterior de uno de los dos, o se sobrescribieron claves. No se cambió nada.
cli-database-older-next =
    No venda nada con ellos, o se pierde lo vendido desde entonces y se repiten números de tique.
    Vuelva a poner el archivo más nuevo. Si no lo hay, copie la carpeta y después: olvido restore ARCHIVO
cli-policy-version = la política ha cambiado, pero su versión es la misma.
cli-policy-version-next = Suba «version» en la política y arranque de nuevo.
cli-policy-old = la política es la versión { $version }, y ya estuvo en vigor la { $newest }.
cli-wrong-store-key = store.key no es la clave con la que se creó esta tienda.
cli-wrong-store-key-next = Devuelva el store.key correcto. Sin él, lo guardado no se puede abrir.
cli-store-key-gone = falta store.key, o está dañado. No se ha cambiado nada.
cli-store-key-gone-next = No está en ninguna copia de seguridad. Ponga en su lugar la copia que usted guarda.
cli-keys-missing = falta un archivo de claves de la tienda.
cli-store-there = aquí ya hay una tienda, o parte de una.
cli-store-there-next = Elija otra carpeta con --data. Para restaurar una tienda: olvido restore ARCHIVO
cli-no-terminal = la caja necesita un terminal, y esto no lo es.
cli-no-terminal-next = Ábrala en un terminal. Sin él: olvido ring

init-needs-name = una tienda nueva necesita nombre y NIF.
init-needs-name-next = Añada --name y --tax-id, o --demo.
init-bad-name = el nombre de una tienda, y lo que vende, tienen como mucho { $longest } caracteres, sin signos de control ni tarjetas de pago.
init-bad-name-next = Dé otros con --name y --goods.
init-bad-pin = un PIN tiene de 4 a 8 cifras.
init-bad-pin-next = Dé otro con --pin.
init-bad-till = el nombre de una caja tiene como mucho { $longest } caracteres; una serie, { $longest } letras, cifras o «-»: sin signos de control ni tarjetas de pago.
init-bad-till-next = Dé otros con --till y --series.
init-bad-catalogue = { $lines ->
    [one] una línea del catálogo no se puede leer. No se ha creado la tienda.
   *[other] { $lines } líneas del catálogo no se pueden leer. No se ha creado la tienda.
}
init-bad-catalogue-next = Corríjalas, o cree la tienda sin --catalogue y véalas todas: olvido import products ARCHIVO --dry-run
init-till = caja 1
init-goods = alimentación y hogar
init-staff = Ana
init-done =
    La tienda «{ $name }» está lista, con { n-products }.
    Sus archivos: { $path }
    PIN: { $pin }
    Para vender: olvido

till-choice-gone = la elección ya no existe: nada se vendió
till-choice-gone-next = Pregunte otra vez al cliente.
till-not-paid = el pago no está completo: nada se ha vendido
till-not-paid-next = Cobre lo que falta.
till-disk-full = el disco está lleno: la venta no se ha grabado
till-disk-full-next = Haga sitio y reinténtelo.
till-busy = otro programa ocupa la base de datos
till-busy-next = Cierre otros programas y reinténtelo.
till-files-gone = se ha quitado o cambiado un archivo de la tienda: { $name }
till-files-gone-next = Póngalo como estaba y vuelva a abrir la caja.
till-year-impossible = el reloj dice un año imposible
till-year-impossible-next = Ponga en hora el ordenador y reinténtelo.
till-damaged = un archivo de la tienda está dañado
till-damaged-next = Deje de vender. Restaure una copia.
till-store-failed = la venta no se ha podido grabar
till-store-failed-next = Reinténtelo. El diario dice más.
