review-sales = Ventas
review-total = Total
review-days = Por día
review-taxes = Por tipo de IVA: base, cuota
review-departments = Por sección
review-tenders = Por forma de pago
review-choices = Por lo que eligió el cliente
review-waiting = Aún sin repartir
review-waiting-why =
      Lo vendido de un producto se suma a su sección después de { $sales } ventas entre { $among } tiques, o de { $longest } tiques.
      Antes podría decir qué compró alguien. Lo que ya se sumó junto con ventas de otros días tampoco está aquí.
review-rounding = Redondeo del efectivo
review-cash = Efectivo
review-card = Tarjeta
review-unanswered = sin respuesta (olvidadas)

verify-looked-at = Revisado: tiques: { $tickets }, compras guardadas: { $purchases }, clientes: { $profiles }, olvidos: { $forgotten }.
verify-holds = Todo está bien.
verify-found = { $count ->
    [one] Una cosa no está bien:
   *[other] { $count } cosas no están bien:
}
verify-database = La base de datos está dañada: { $subject }
verify-database-next = Copie la carpeta y restaure una copia de seguridad: olvido restore ARCHIVO
verify-not-ours = La base de datos tiene algo que Olvido nunca crea: { $subject }
verify-not-ours-next = Puede impedir un olvido, o guardar lo olvidado. Que lo quite quien lo puso.
verify-policy-file = Falta el archivo de la política: { $subject }
verify-policy-file-next = Mientras, la caja va por la política de esta versión. Ponga la suya en su sitio.
verify-policy-missing = Falta una política con la que se vendió algo: { $subject }
verify-policy-missing-next = Los tiques y los recuentos se quedan hasta que vuelva. Copie la carpeta y después restaure una copia de seguridad: olvido restore ARCHIVO
verify-ticket-missing = Falta en la cadena de tiques: { $subject }
verify-ticket-changed = El tique { $subject } no está como se emitió.
verify-ticket-sums = Los importes del tique { $subject } no suman su total.
verify-ticket-next = Deje los archivos como están y compare con una copia de seguridad.
verify-key-kept = La clave de algo olvidado sigue ahí: { $subject }
verify-key-kept-next = Quizá alguien repuso un olvido.keys anterior. La caja borra la clave en un minuto tranquilo. Ahora: olvido expire
verify-bytes-kept = Algo olvidado sigue en la base de datos: { $subject }
verify-kept-next = Quizá alguien repuso archivos viejos a mano. Restaure con: olvido restore ARCHIVO
verify-key-damaged = La ranura { $subject } del archivo de claves está dañada.
verify-slot-unused = La ranura { $subject } del archivo de claves está dañada, y con ella no se guarda nada.
verify-slot-unused-next = La caja la borra en un minuto tranquilo. Ahora: olvido expire
verify-key-missing = Falta la clave de algo guardado: { $subject }
verify-key-missing-next =
    Si alguien puso aquí un olvido.db anterior, vuelva a poner el más nuevo: no se borró nada que este no conozca.
    Si no, lo que guardaba no se puede leer. Puede que lo tenga una copia de seguridad: olvido restore ARCHIVO
    Para olvidar del todo lo que aquí nadie puede abrir: olvido customer forget --damaged-too
verify-unopened = Algo guardado no se abre: { $subject }
verify-unlinked = Una compra y su cliente no casan: { $subject }
verify-lookup-kept = La ranura { $subject } aún lleva hasta un cliente, y con ella no se guarda nada.
verify-lookup-kept-next = Una venta se cortó. La caja la borra en un minuto tranquilo. Ahora: olvido expire
verify-sealed-next =
    Lo que contenía no se puede leer. Quizá una copia de seguridad lo tenga: olvido restore ARCHIVO
    Para olvidar del todo lo que aquí nadie puede abrir: olvido customer forget --damaged-too
verify-outbox-gap = En lo que va a la central faltan puestos de una serie: { $subject }
verify-outbox-purchase = Una compra y su puesto en lo que va a la central no casan: { $subject }
verify-outbox-next = Deje los archivos como están, compare con una copia de seguridad y dé de alta otra vez esta caja.
verify-past-term = Pasado su plazo, ocultas: { $count }. La caja las destruye cuando el día es seguro. En qué se basa: olvido expire
verify-overdue = Una compra ha pasado su plazo y sigue aquí: { $subject }
verify-overdue-next = Destruya lo que ha pasado su plazo: olvido expire
verify-more = y { $count } más
verify-count-thin = Un recuento de un producto junta muy pocas ventas, desde el tique { $subject }
verify-count-thin-next = Restaure una copia de seguridad de antes.
verify-pending = Algo olvidado aún no ha desaparecido del todo.
verify-pending-next = Cierre otros programas que lean la base de datos, haga sitio en el disco y revise otra vez.
verify-left-over = Se interrumpió una copia de seguridad o una restauración, que había dejado esto: { $subject }
verify-left-over-next = Está sobrescrito y borrado. Revise otra vez: entonces todo debe estar bien.
verify-left-over-stays = Se interrumpió una copia de seguridad o una restauración, y dejó esto, que ahora no se puede borrar: { $subject }
verify-left-over-stays-next = Conecte el disco donde está, o permita escribir en él, y revise otra vez. Si ese disco se perdió para siempre, borre la nota sobre él en la carpeta de datos: backup.to, en una central hub.backup.to.
verify-doubt = Restaurado desde la copia del { $day }: { $count ->
    [one] una compra guardada pudo olvidarse después, y no queda nada que lo diga.
   *[other] { $count } compras guardadas pudieron olvidarse después, y no queda nada que diga cuáles.
}
verify-strangers = Esto no es de Olvido, y nadie ha mirado dentro: { $names }
verify-compaction = Los archivos de Olvido 0.2.0 aún no están compactados: puede quedar en ellos lo que llevaba hasta clientes olvidados.
verify-compaction-next = La caja los compacta en un minuto tranquilo. Ahora: olvido expire

expire-nothing = Nada ha pasado de su plazo.
expire-done = Pasado su plazo: compras olvidadas: { $purchases }; tiques quitados: { $tickets }.
expire-tickets-wait =
    Los tiques y los recuentos se quedan hasta que esto se arregle: una política guardada, que tiene sus plazos, está dañada o no está.
    Restaure una copia de seguridad: olvido restore ARCHIVO
expire-counts-wait =
    Los recuentos se quedan hasta que esto se arregle: ellos y sus claves no casan o están dañados.
    Restaure una copia de seguridad: olvido restore ARCHIVO
expire-hidden = { $count ->
    [one] Pasado su plazo, oculta y aún no destruida: 1 compra. Desaparece cuando la caja esté segura del día.
   *[other] Pasado su plazo, ocultas y aún no destruidas: { $count } compras. Desaparecen cuando la caja esté segura del día.
}
expire-days =
    El reloj dice { $clock }. El último día del que la caja está segura es { $trusted }.
    Si el reloj está mal, póngalo en hora. Si está bien: olvido expire --clock-is-right
    Sin respuesta, la caja avanza un día por cada hora en marcha.
expire-trusted = El reloj está bien: la caja se guía por { $day }.

purchase-code-length = un código de recibo tiene { $wanted } letras y cifras; aquí hay { $found }.
purchase-code-symbol = en un código de recibo la letra o cifra { $place } no puede ser «{ $symbol }».
purchase-code-check = este código de recibo tiene una letra o cifra equivocada.
purchase-code-next = Compárelo con el recibo.
purchase-past-term = esta compra ha pasado su plazo: no se enseña nada de ella y está a punto de destruirse.
purchase-past-term-next = Mire la fecha de este ordenador. Para destruirla ahora: olvido purchase forget CÓDIGO
purchase-unknown = esta tienda no dio ese código de recibo.
purchase-unknown-next = Mire si el recibo es de aquí.
purchase-not-found = con este código de recibo no se encuentra ninguna compra.
purchase-not-found-next =
    Esta tienda se restauró desde una copia de seguridad: lo guardado del { $from } al { $to } puede haberse perdido.
    Si el recibo es de esos días, en papel basta para garantía y devoluciones. Si no, mire si es de aquí.
purchase-forgotten = aparte de su tique y los recuentos, de esta compra no se guarda nada: está olvidada.
purchase-forgotten-next = El recibo en papel basta para garantía y devoluciones.
purchase-forgotten-pending = de esta compra ya no se puede leer nada: se está olvidando. Sus últimos restos aún no han desaparecido.
purchase-ticket-gone = el tique de esta compra se quitó al acabar su plazo.
purchase-ticket-gone-next = Vea lo que se guarda: olvido purchase show CÓDIGO
purchase-looks = Consultas
purchase-look-receipt = con el código del recibo
purchase-look-customer-asks = lo pidió el cliente
purchase-look-return = una devolución
purchase-look-guarantee = la garantía
purchase-look-complaint = una reclamación
purchase-look-authority = una autoridad
purchase-look-other = otro motivo
purchase-look-unsaid = no se dijo para qué
purchase-ticket = Tique
purchase-day = Día
purchase-choice = Elección
purchase-until = Se guarda hasta
purchase-until-customer = que el cliente diga
purchase-customer = Cliente
purchase-purposes = Para
purchase-no-purposes = nada marcado
purchase-total = Total
purchase-forget-complete = Olvidado. La clave está sobrescrita: aquí ya nadie puede abrir lo que se guardaba. Una copia de seguridad de antes aún puede tenerlo: borre las antiguas.
purchase-forget-out = Los archivos de aquí ya no contienen esos datos, ni cifrados.
purchase-forget-out-later = Los archivos de aquí pueden contener aún esos datos, cifrados: nadie puede abrirlos. Se van en un minuto tranquilo de la caja.
purchase-forget-accepted = Aceptado: aquí ya nadie puede abrir lo que se guardaba.
forget-waits-reader = Sus últimos restos desaparecen cuando termine el otro programa que lee la base de datos.
forget-waits-compaction = Sus últimos restos desaparecen cuando la caja compacte sus archivos, en un minuto tranquilo.
forget-waits-full = Sus últimos restos desaparecen cuando haya sitio en el disco.
forget-waits-left-over = Pero una copia de seguridad interrumpida dejó un resto que ahora no se puede borrar. Vea dónde: olvido verify
forget-waits-no-key =
    Pero el olvido.keys de aquí falta, no está entero o no es del mismo momento que olvido.db: otro olvido.keys aún puede tener la clave.
    Ponga aquí los archivos correctos y olvide de nuevo. Si no los hay, restaure una copia de seguridad: olvido restore ARCHIVO
forget-waits-slot =
    Pero una clave que en olvido.keys está dañada o falta puede ser también suya: nadie puede saber de quién es, ni abrir aquello para lo que era.
    Olvide con --damaged-too: se olvida también aquello para lo que era esa clave, sea de quien sea.
forget-waits-damage = Pero la base de datos está dañada, y no se han podido quitar todos los datos cifrados. Restaure una copia de seguridad: olvido restore ARCHIVO

customer-tickets-stay = Los tiques de estas compras quedan mientras los pide la ley de impuestos. Ningún tique nombra a un cliente.
customer-in-basket = Una cesta abierta se iba a recordar para este cliente. Se le preguntará otra vez.
customer-in-basket-stays = Aviso: una cesta abierta aún se va a recordar para este cliente, y ahora no se puede cambiar. Anúlela en la caja.
customer-unknown = de este cliente no se guarda nada: nunca se guardó, o está olvidado del todo.
customer-unknown-finished = de este cliente no se guarda nada aquí. Lo que aún se estaba olvidando cuando se cortó una orden ya ha desaparecido del todo.
customer-pending = aquí no se puede leer nada de este cliente, y un olvido aún no está completo.
customer-unknown-next = Mire si el teléfono, correo o tarjeta es ese.
customer-perhaps-next = Para olvidar aquello para lo que era esa clave, sea de quien sea: olvido customer forget IDENT --damaged-too
customer-perhaps = no se encuentra nada de este cliente, pero una clave que en olvido.keys está dañada o falta puede ser suya.
customer-damaged-too = { $count ->
    [one] Algo guardado que nadie podía abrir queda olvidado, fuera de quien fuera.
   *[other] { $count } cosas guardadas que nadie podía abrir quedan olvidadas, fueran de quien fueran.
}
customer-unknown-here = esta caja no guarda nada de este cliente.
customer-other-tills = Lo que otras cajas de la tienda recuerden de este cliente se olvida allí: dígalo en cada una.
customer-copies-complete = Todas las copias de lo olvidado aquí lo han confirmado.
customer-in-basket-open = Una cesta abierta se va a recordar para este cliente cuando se pague.
customer-which = esto puede nombrar a dos clientes: { $names }.
customer-which-next = Escriba uno como está ahí, con su clase.
customer-not-phone = esto no es un teléfono.
customer-not-email = esto no es un correo.
customer-not-card = esto no es un número de tarjeta de cliente.
customer-payment-card = parece una tarjeta de pago. Olvido nunca las toma.
customer-identifier-next = Escriba un teléfono, un correo o un número de tarjeta de cliente.
customer-purchases = { $count ->
    [one] Una compra guardada:
   *[other] { $count } compras guardadas:
}
customer-past-term = { $count ->
    [one] Otra ha pasado su plazo: no se enseña y está a punto de destruirse.
   *[other] Otras { $count } han pasado su plazo: no se enseñan y están a punto de destruirse.
}
customer-unread = { $count ->
    [one] Algo guardado no se puede leer, porque su clave está dañada o falta: es suyo, o puede serlo.
   *[other] { $count } cosas guardadas no se pueden leer, porque sus claves están dañadas o faltan: son suyas, o pueden serlo.
}
customer-purposes-unread = no se puede leer
customer-damaged-none = No se ha encontrado nada que olvidar.

backup-made =
    Copia de seguridad: { $file } ({ $size } kB)
    Último tique: { $ticket }. Compras guardadas: { $purchases }.
    Solo se abre con esta clave, que no va dentro. Guarde una copia de la clave en otro sitio, una vez:
    { $key }
    Una copia puede conservar lo que se olvide después. Cambie las viejas por nuevas.
days-backwards = el día de --from es posterior al de --to.
days-backwards-next = Escriba primero el día más antiguo: --from { $to } --to { $from }

backup-none = ninguno
backup-exists = ya hay un archivo con ese nombre.
backup-exists-next = Elija otro nombre.
backup-unfinished = otra copia de seguridad se interrumpió y dejó algo que ahora no se puede borrar, o se está haciendo otra. { $names }
backup-unfinished-next = Vea qué hacer: olvido verify
backup-not-one = esto no es una copia de seguridad de Olvido, o está dañada.
backup-altered = esta copia de seguridad está dañada: { $name } no está entero. No se cambió nada.
backup-bytes-behind = detrás del final de esta copia hay algo que no le pertenece. No se cambió nada.
backup-damaged-next = Pruebe con otra copia.
backup-too-new = esta copia la escribió un Olvido más nuevo.
backup-too-new-next = Instale esa versión u otra más nueva.
backup-no-key = falta la clave de la tienda: sin ella la copia no se abre.
backup-no-key-next = Diga dónde tiene la suya: olvido restore ARCHIVO --store-key store.key
backup-wrong-key = esta copia se hizo con otra clave de tienda.
backup-wrong-key-next = Tome la clave de esa tienda. Para otra tienda, elija otra carpeta con --data.
backup-other-key-here = el store.key de aquí no es el que usted ha dado.
backup-other-key-here-next =
    Si el suyo es el correcto, póngalo en lugar del de aquí y pida de nuevo sin --store-key.
    Para otra tienda, elija otra carpeta con --data.
backup-sales-after = la tienda de aquí tiene ventas más nuevas: hasta el tique { $here }; la copia, hasta el { $backup }. No se cambió nada.
backup-sales-after-next = Siga con la tienda de aquí. Si olvido verify halla daños, quite antes su carpeta de aquí. Para mirar la copia, restáurela en una carpeta vacía: olvido --data CARPETA restore ARCHIVO
backup-other-store = la tienda de aquí tiene tiques distintos de los de la copia. No se cambió nada.

restore-needs-series = quizá se vendieron tiques después de esta copia. Sus números no deben darse otra vez.
restore-needs-series-next =
    Dé a la caja una serie que no haya tenido nunca. Hasta ahora: { $used }
    olvido restore ARCHIVO --series { $next }
restore-bad-series = esto no es una serie: letras, cifras o «-», { $longest } como mucho.
restore-series-used = la caja ya tuvo la serie { $series }.
restore-finished = La restauración que quedó a medias está terminada.
restore-done =
    Restaurado: la tienda como estaba el { $day }, { $time }.
    Último tique: { $ticket }. Compras guardadas: { $purchases }.
restore-clock-behind = El reloj dice { $clock }: es antes de que se hiciera esta copia, el { $day }. Ponga el reloj en hora. Los plazos van por él.
restore-unproven = Esta copia es de Olvido 0.2 o anterior y no lleva marca: nadie puede saber si alguien la cambió, ni cuándo se hizo. Haga ahora una copia nueva y borre esta.
restore-past-days = La copia tiene más de { $days ->
    [one] 1 día
   *[other] { $days } días
}: según la política no devuelve ninguna compra que no estuviera aquí.
restore-replayed = { $count ->
    [0] No consta que nada de ella se olvidara desde entonces.
    [one] Olvidado desde entonces, y olvidado otra vez: 1
   *[other] Olvidado desde entonces, y olvidado otra vez: { $count }
}
restore-unknown = { $count ->
    [one] Una compra guardada pudo olvidarse después de la copia: no queda nada que lo diga. Ha vuelto.
   *[other] { $count } compras guardadas pudieron olvidarse después de la copia: no queda nada que diga cuáles. Han vuelto.
}
restore-unknown-next = Olvide otra vez las que sepa: olvido purchase forget CÓDIGO
restore-takes-over = { $count ->
    [one] La restauración conserva un tique posterior a la copia, sin lo que se contó de él: productos, elección.
   *[other] La restauración conserva { $count } tiques posteriores a la copia, sin lo que se contó de ellos: productos, elecciones.
}
restore-loses-tickets = { $count ->
    [one] Un tique posterior a la copia está dañado y no se conserva.
   *[other] { $count } tiques posteriores a la copia están dañados, o siguen a uno dañado, y no se conservan.
}
restore-may-lose-tickets = Los últimos tiques de aquí no se pueden leer: quizá se pierden algunos posteriores a la copia, y nada dice cuántos.
restore-ends = La restauración acaba con lo que se guardó aquí después de la copia: compras: { $purchases }, clientes: { $customers }.
restore-series = Los tiques siguen en la serie { $series }.

forget-despite = Aviso: algo que esta orden no necesita no está bien.
forget-despite-next = Qué hacer con él: olvido verify
forget-key-only =
    Aceptado: la clave está sobrescrita, y aquí ya nadie puede abrir lo que se guardaba.
    Pero no se puede leer la base de datos, así que el olvido no consta en ella: { $path }
    El olvido se completa al restaurar una copia de seguridad. Deje olvido.keys donde está: olvido restore ARCHIVO
    Lo que se ha olvidado ahora queda olvidado.
forget-no-key = no se puede leer la base de datos, y olvido.keys no tiene ninguna clave para esto: puede que ya esté destruida, o que nunca la hubiera.
forget-no-key-next =
    Deje olvido.keys donde está y restaure una copia de seguridad: olvido restore ARCHIVO
    Lo olvidado queda olvidado. Después olvide otra vez, para más seguridad.
