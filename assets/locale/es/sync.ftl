help-sync = Habla con la central.
help-sync-enrol = Da de alta esta caja en una central.
help-sync-now = Intercambia con la central hasta que nada espera.
help-sync-status = Muestra qué espera, y a quién.
help-arg-hub-url = La dirección de la central: https://NOMBRE:PUERTO
help-arg-enrol-code = El código que muestra la central para esta caja.
help-arg-till-name = Cómo llama la central a esta caja.

sync-line-synced = al día
sync-line-waiting = { $count } por enviar
sync-line-since = { $count } por enviar desde { $since }
sync-line-unreachable = la central no responde
sync-line-unreachable-since = la central no responde · { $count } por enviar desde { $since }
sync-line-no-hub = sin central
sync-line-no-hub-since = sin central · { $count } desde { $since }
sync-line-no-hub-waiting = sin central · { $count }
sync-line-certificate = otro certificado en la central: alta nueva
sync-line-certificate-short = alta nueva
sync-line-conflict = conflicto en la central: alta nueva
sync-line-conflict-short = conflicto: alta
sync-line-restored = restaurada: alta nueva en la central
sync-line-restored-short = restaurada: alta
sync-line-revoked = anulada en la central: alta nueva
sync-line-revoked-short = anulada: alta
sync-line-unknown = desconocida en la central: alta nueva
sync-line-unknown-short = desconocida: alta
sync-line-unread = la central dice lo que este programa no sabe leer: actualícelo
sync-line-unread-short = actualice Olvido

sync-bad-address = esto no es la dirección de una central.
sync-bad-address-next = Escríbala como la muestra la central: https://NOMBRE:PUERTO
sync-plain-address = sin cifrar, una central solo puede estar en este mismo ordenador.
sync-plain-address-next = Escriba https:// delante del nombre de la central.
sync-bad-code = esto no es un código de alta: { $what }
sync-bad-code-store = falta el nombre de la tienda al principio.
sync-bad-code-length = tras el nombre de la tienda van 26 letras y cifras.
sync-bad-code-symbol = «{ $symbol }» no está en ningún código.
sync-bad-code-next = Compárelo con lo que muestra la central. Para otro nuevo, en la central: olvido hub enrol --store NOMBRE
sync-code-refused = la central no acepta este código.
sync-code-refused-next =
    Vale diez minutos y una sola vez. Para otro nuevo, en la central: olvido hub enrol --store NOMBRE
sync-false-hub = quien responde allí no conoce el código. La caja no quedó dada de alta.
sync-false-hub-next = Revise la dirección. Quizá alguien está entre la caja y su central.
sync-bad-name = el nombre de una caja tiene de 1 a { $longest } caracteres.
sync-bad-name-next = Dé otro: --name TEXTO
sync-enrolled =
    Esta caja está dada de alta en { $hub }, como «{ $name }» de la tienda { $store }.
    Por enviar: { $waiting }. La caja lo envía sola; ahora mismo con: olvido sync now
sync-enrolled-key = El certificado de la central: { $pin }

sync-not-enrolled = esta caja no tiene central.
sync-not-enrolled-next = En la central: olvido hub enrol --store NOMBRE. Después aquí: olvido sync enrol DIRECCIÓN CÓDIGO

sync-unreachable = la central no responde.
sync-unreachable-next = No se pierde nada: la caja sigue vendiendo y lo intenta otra vez sola.
sync-not-a-hub = lo que responde allí no es una central de Olvido.
sync-not-a-hub-next = Revise la dirección de la central y lo que haya en medio.
sync-certificate = la central muestra otro certificado que el que conoce esta caja. No se envió nada.
sync-certificate-next = Quizá alguien está en medio. Si la central de verdad tiene uno nuevo, dé de alta la caja otra vez: olvido sync enrol DIRECCIÓN CÓDIGO
sync-refused = la central lo rechazó: { $status } { $word }
sync-refused-next = No se pierde nada: se intenta otra vez. El diario de la central dice más.
sync-enrol-failed-next = Aquí no se cambió nada. Mire la dirección y pruebe otra vez: olvido sync enrol DIRECCIÓN CÓDIGO
sync-unknown-till = la central no conoce esta caja.
sync-conflict = la central tiene otra cosa bajo un número de esta caja: quizá se copió su disco. No se envía nada más.
sync-restored = esta caja se restauró de una copia de seguridad: lo que diga ahora podría contradecir lo que tiene la central. No se envía nada más.
sync-revoked = la central ya no admite esta caja. No se envía nada más.
sync-enrol-again = La caja sigue vendiendo. Dela de alta otra vez: olvido sync enrol DIRECCIÓN CÓDIGO
sync-unread = lo que hay que enviar no se puede leer.
sync-unread-next = Vea: olvido verify

sync-hub = Central
sync-till = Caja
sync-till-of = { $device }, de la tienda { $store }
sync-state = Estado
sync-state-done = todo está en la central
sync-state-waiting = hay algo por enviar
sync-state-conflict = conflicto: hay que darla de alta otra vez
sync-state-restored = restaurada de una copia: hay que darla de alta otra vez
sync-state-revoked = anulada: hay que darla de alta otra vez
sync-state-unread = lo que llega de la central está parado: actualice Olvido
sync-waiting = Por enviar
sync-waiting-since = { $count }, desde { $since }
sync-series-ticket = tiques
sync-series-count = recuentos
sync-series-purchase = compras guardadas
sync-series-forget = olvidos
sync-forgets = Olvidos que no todas las copias han confirmado
sync-contact = Última respuesta de la central
sync-contact-never = ninguna todavía
sync-done = Todo está en la central, y lo que llegó de allí está hecho.
sync-left = { $count ->
    [one] Queda un registro por enviar.
   *[other] Quedan { $count } registros por enviar.
}
sync-unread-down = la central pide olvidar de un modo que este programa no sabe leer. Lo que llega de allí está parado, y ningún olvido suyo se confirma.
sync-unread-down-next = La caja sigue vendiendo y enviando. Actualice Olvido aquí: entonces se lee.
sync-left-down = Lo que llega de la central aún no está hecho del todo.

sync-forget-accepted = Aceptado. Va a la central y de allí a cada caja que tenga una copia: aún no todas han confirmado.
sync-forget-progress = Aceptado. Confirmado en { $confirmed } de { n-copies }.
sync-forget-lost = { $lost ->
    [one] Una copia está en una caja anulada y no confirmará nunca.
   *[other] { $lost } copias están en cajas anuladas y no confirmarán nunca.
}
sync-forget-complete = Completo: confirmado en { $copies ->
    [one] la única copia.
   *[other] las { $copies } copias.
}
sync-forget-elsewhere = Esta caja no tiene ninguna compra con este código. Si la tiene otra caja de la tienda, se olvida allí.
sync-forgotten-accepted = aparte de su tique y los recuentos, aquí no se guarda nada de esta compra: está olvidada. Las demás copias aún no han confirmado.
sync-forgotten-progress = aparte de su tique y los recuentos, aquí no se guarda nada de esta compra: está olvidada. Confirmado en { $confirmed } de { n-copies }.
sync-forgotten-complete = aparte de su tique y los recuentos, de esta compra no se guarda nada: está olvidada, y confirmado en { $copies ->
    [one] la única copia.
   *[other] las { $copies } copias.
}

sync-review = Olvidos de camino a otras copias
sync-review-forgets = olvidos
sync-review-copies = copias por confirmar
sync-review-unsaid = aún sin respuesta de la central
