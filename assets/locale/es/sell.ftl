sell-placeholder = código, nombre o 3*
sell-empty = Pase un producto por el lector, o escriba su código o su nombre.
sell-loading = Cargando los productos. Lo leído espera y no se pierde.
sell-resumed = La cesta que estaba abierta ha vuelto.
sell-resumed-answered = La cesta que estaba abierta ha vuelto, con lo que eligió el cliente.
sell-resumed-ask-again = La cesta abierta ha vuelto. Pregunte otra vez: ha cambiado la política.
sell-resumed-paid = Antes de cerrarse la caja se cobró { $amount } de la cesta en espera.
sell-held = { $count ->
    [one] 1 cesta espera
   *[other] { $count } cestas esperan
}
sell-counted = { $lines ->
    [one] 1 línea
   *[other] { $lines } líneas
} · { $items ->
    [one] 1 artículo
   *[other] { $items } artículos
}
sell-more-above = … { $count ->
    [one] 1 línea más arriba
   *[other] { $count } líneas más arriba
}
sell-list-above = { $count } más arriba
sell-list-below = { $count } más abajo
sell-tax-heading = IVA incluido
sell-tax-included = IVA incluido { $amount }
sell-discount = descuento
sell-sale-discount = descuento de la venta
sell-waiting = { $count ->
    [one] 1 código espera
   *[other] { $count } códigos esperan
}

sell-ask-keys = Enter: aceptar · Esc: dejarlo
sell-ask-weight = Peso de { $name } en kg:
sell-ask-quantity = Cantidad de { $name }:
sell-ask-line-discount = Descuento de { $name } (10% o 1,50):
sell-ask-sale-discount = Descuento de la venta (10% o 1,50; 0: ninguno):
sell-ask-search = Nombre del producto en lugar de { $name }:
sell-ask-department = Sección (número o nombre):
sell-ask-department-of = Sección de { $name } (número o nombre):
sell-ask-price = { $name }, precio y, si se quiere, qué es:
sell-department-other = Otros

sell-unknown = { $code } no está en el catálogo. { $search }: buscar, { $department }: por sección
sell-unknown-misread = { $code } se leyó mal: repítalo. { $search }: buscar, { $department }: por sección
sell-no-such-name = No hay producto con esas palabras. Cámbielas, o Esc: { $name }
sell-no-such-department = No hay tal sección. Escriba su número o parte de su nombre.
sell-star-alone = Tras la cantidad va un código o un nombre.
sell-not-added = { $why } Sin añadir: { $name }
sell-left-out = No se ha vendido nada por lo que estaba escrito: { $name }
sell-weigh-kg = Eso serían { $weight }. Escriba el peso en kg: 0,345, o 60,0.
sell-not-weighed = Se deja fuera: no tiene peso.
sell-voided = Línea anulada; deshacer la devuelve: { $name }
sell-voided-sale = La venta está anulada. Deshacer la devuelve hasta el próximo artículo.
sell-voided-held = La venta está anulada. Esta es la cesta que esperaba.
sell-undone = El último paso está deshecho.
sell-undone-ask-again = La cesta ha vuelto, lo que eligió el cliente no. Pregunte otra vez.
sell-answer-first = Conteste antes a esto: Enter acepta, Esc lo deja.
sell-resumed-terminal = Antes de cobrar, mire el datáfono: tenía { $amount }.
sell-resumed-paid-terminal = Se cobró { $amount }; el datáfono tenía { $card }. Mírelo.
sell-nothing-to-undo = No hay nada que deshacer.
sell-nothing-yet = La cesta está vacía. Pase antes algún producto.
sell-no-receipt = Esta caja no tiene aún ningún recibo.
sell-still-recording = La venta anterior se está grabando. Espere un momento.
sell-weigh-first = Escriba antes el peso, o Esc para dejar fuera el producto.
sell-unknown-first = Un código sigue sin conocerse: búsquelo, véndalo por sección, o Esc.

sell-error-full = La cesta está llena. Cóbrela y empiece otra.
sell-error-whole = Se vende por piezas enteras.
sell-error-quantity = Esto no es una cantidad. Escriba 2 o 0,345.
sell-error-range = La cantidad ha de ser mayor que 0 y como mucho 100000.
sell-error-overflow = El importe es demasiado grande.
sell-name-payment-card = Quite el número de la tarjeta: aquí no se guarda.
sell-name-person = Quite el teléfono o el correo: se quedaría en el tique.
sell-name-bad = Escriba un nombre más corto, de letras normales.
sell-error-price = Esto no es un precio. Escriba 1,20.
sell-error-discount = Esto no es un descuento. Escriba 10% o 1,50.
sell-error-discount-large = El descuento es mayor que el precio.

sell-recording = grabando…
sell-sold = vendido { $ticket }
sell-change = Cambio

sell-void-question = ¿Anular toda la venta?
sell-void-what = { $lines ->
    [one] 1 línea
   *[other] { $lines } líneas
}, { $total }. Nada de ella se ha grabado.
sell-void-keep = seguir vendiendo
sell-void-do = anular la venta
sell-quit-question = ¿Cerrar la caja?
sell-quit-what = La cesta abierta queda sellada y vuelve la próxima vez.
sell-quit-stay = seguir
sell-quit-go = cerrar la caja
sell-left-question = ¿Lo ha mirado?
sell-left-not-yet = todavía no
sell-left-looked = sí, seguir
sell-clock-question = El reloj dice { $day }. ¿Está bien?
sell-clock-what = El último día del que la caja está segura es { $day }. Si el reloj está mal, póngalo en hora. Si está bien, la caja se guía por él y destruye lo que ha pasado su plazo.
sell-clock-unsure = no, o no lo sé
sell-clock-right = el reloj está bien
sell-clock-back = reloj atrasado
sell-clock-ahead = reloj adelantado
sell-clock-doubt = ¿es { $day }?

sell-help-title = Teclas de esta pantalla
sell-help-code = un código, escrito o leído, y después Enter
sell-help-count = una cantidad antes de un código o un nombre
sell-help-weight = un peso en kg antes de un código o un nombre
sell-receipt-title = Último recibo
sell-page-more = ↓ más · Esc: volver
sell-page-end = Esc: volver

sell-scan-refused = Leído { $code }: no se añade. Termine antes el cobro, o Esc.
sell-scan-refused-locked = Leído { $code }: no se añade. Abra antes la caja.
sell-scan-nothing = Leído { $code }: no se ha hecho nada con él.
sell-key-in-scan = Púlsela otra vez: llegó tan deprisa como un código y no hizo nada.
sell-too-small = Hacen falta 80×24: agrande la ventana. Los códigos se siguen leyendo.
sell-several = Varios llevan esas palabras: elija con ↑↓ y Enter.
