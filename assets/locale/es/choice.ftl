# Lo que lee el cliente: frases cortas, sin palabras del oficio.
choice-your-purchase = Su compra: { $total }
choice-articles = { $count ->
    [one] 1 artículo
   *[other] { $count } artículos
}
choice-more-lines = { $count ->
    [one] y 1 línea más
   *[other] y { $count } líneas más
}
choice-read-all = Leer todo
choice-complaints = Quejas y preguntas
choice-back = Volver
choice-till = Volver
choice-change = Cambiar
choice-done = Listo
choice-noted = Anotado: { $title }.
choice-noted-change = Anotado: { $title }. Aún puede cambiarlo.
choice-when-paid = Cuando pague:
choice-forgotten = Sus artículos no se han guardado.
choice-scanned = Leído { $code }: ahora no se añade.

remember-then = Si confirma: { $after }
remember-title = ¿Con qué la encontramos?
remember-field = Teléfono, correo o tarjeta de cliente
remember-ticks = ¿Para qué? Marque al menos un uso.
remember-confirm = Recordar
remember-leave = Volver sin recordar nada
remember-leave-chosen = Volver; sigue lo ya elegido
remember-keys-field = Enter: seguir · Tab: bajar · Esc: volver
remember-keys-ticks = Espacio o número: marcar · Enter: recordar · Esc: volver
remember-check-phone = ¿Es este su teléfono?
remember-check-email = ¿Es este su correo?
remember-check-card = ¿Es esta su tarjeta de cliente?
remember-check-yes = Sí
remember-check-no = Corregir
remember-check-other-card = Tab: es una tarjeta de cliente
remember-check-other-phone = Tab: es un teléfono
remember-error-empty = Escriba un teléfono, un correo o una tarjeta de cliente.
remember-error-phone = No parece un teléfono. Escríbalo con su prefijo: +34 600 123 456.
remember-error-email = No parece un correo. Ejemplo: ana@ejemplo.es
remember-error-card = No parece una tarjeta de cliente: de 4 a 32 números o letras.
remember-error-payment-card = Parece una tarjeta de pago. Aquí no se guarda. Dé otro dato.
remember-error-product = Es el código de un producto, no una tarjeta. Dé el de su tarjeta.
remember-error-no-tick = Marque al menos un uso, o Esc. Sin uso no se recuerda nada.

notice-title = Qué guardamos y para qué
notice-place = { $from }–{ $to } de { $total }
notice-up = Arriba
notice-down = Abajo

lock-title = Caja bloqueada
lock-basket = { $count ->
    [one] La cesta sigue aquí: 1 artículo.
   *[other] La cesta sigue aquí: { $count } artículos.
}
lock-pin = Su PIN
lock-wrong = El PIN no es ese.
lock-wait = { $seconds ->
    [one] El PIN no es ese. Espere 1 segundo.
   *[other] El PIN no es ese. Espere { $seconds } segundos.
}
lock-checking = comprobando…
lock-too-short = El PIN tiene de 4 a 8 cifras.
lock-open = abrir
lock-keys = Cifras y Enter
