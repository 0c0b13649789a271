help-hub = Una central para las cajas de una tienda o de una cadena.
help-hub-serve = Atiende a las cajas hasta que se detiene.
help-hub-enrol = Genera un código con el que una caja se une a una tienda.
help-hub-devices = Enumera las cajas de cada tienda y lo que han traído.
help-hub-revoke = Deja fuera a una caja: desde ahora nada de lo que diga cuenta.
help-hub-publish = Envía productos o una política a las cajas de una tienda.
help-hub-publish-products = Envía los productos de un archivo CSV.
help-hub-publish-policy = Envía una política.
help-hub-report = Suma las ventas de cada tienda, por día, impuesto y elección.
help-hub-verify = Comprueba firmas, cadenas y sumas, y que lo olvidado ya no está.
help-hub-backup = Copia la central en un archivo.
help-hub-restore = Restaura la central desde una copia. Lo olvidado sigue olvidado.

help-arg-database = Dónde está su base de datos; si no, OLVIDO_HUB_DATABASE; si no, un archivo en su carpeta.
help-arg-keys-database = Dónde comparten sus claves varias centrales; si no, OLVIDO_HUB_KEYS_DATABASE o un archivo de la carpeta.
help-arg-hub-store = Qué tienda; puede faltar donde solo hay una.
help-arg-listen = Dónde escuchar.
help-arg-cert = Un certificado en PEM; si no se da, se hace al empezar por primera vez.
help-arg-certificate-key = Su clave privada en PEM.
help-arg-plain = Sin TLS: en este ordenador, o detrás del proxy que nombra hub.toml.
help-arg-replace = La caja a la que sustituye la nueva: su identificador o su nombre.
help-arg-device = El identificador de la caja, sus primeras cifras o su nombre.
help-arg-published-policy = La política.
help-arg-hub-backup = La copia.

config-want-addresses = Escriba direcciones entre corchetes, como ["10.0.0.5"].
config-want-fingerprint = Escriba las 64 cifras de la huella del certificado entre comillas.

hub-serving = La central atiende en { $url }
hub-database = Base de datos: { $database }
hub-fingerprint = Certificado: { $fingerprint }
hub-stop = Para detenerlo: Ctrl+C
hub-state-file = Todo en un archivo de este ordenador. Haga copias: olvido hub backup ARCHIVO
hub-state-synchronous = Cada registro está en una réplica antes de que la central diga que lo tiene.
hub-state-asynchronous = Atención: la replicación síncrona está desactivada. Cuando la central dice que tiene un registro, está en una sola base de datos.
hub-state-unconfirmed = Atención: la replicación síncrona está activada y no se ve ninguna réplica. Arranque una, o dé pg_monitor al usuario de la central.
hub-state-unknown = La base de datos no dice cómo está.

hub-code = Un código para una caja de la tienda { $store }, válido una vez y durante { $minutes } minutos, hasta las { $time }:
hub-code-at-the-till = En la caja:
hub-code-not-serving = La central aún no atiende. Arránquela: olvido hub serve

hub-devices-of = Tienda { $store }
hub-devices-none = ninguna caja
hub-device = { $name }, época { $epoch }, { $state }, vista { $seen }
hub-device-active = activa
hub-device-closed = cerrada
hub-device-revoked = fuera
hub-device-never = nunca
hub-device-has = ha traído { n-tickets }, { n-purchases }, { n-forgets }
hub-device-behind = { $count ->
    [one] 1 cambio la espera.
   *[other] { $count } cambios la esperan.
}
hub-device-conflicts = { $count ->
    [one] Atención: 1 registro llegó con dos contenidos. Dé de alta la caja otra vez.
   *[other] Atención: { $count } registros llegaron con dos contenidos. Dé de alta la caja otra vez.
}
hub-device-owes = Aquí faltan olvidos suyos desde que se restauró la central.
hub-revoked = { $name } está fuera. Lo que aún guarda no se confirmará como olvidado.
hub-revoked-before = { $name } ya estaba fuera.

hub-bad-environment = OLVIDO_HUB_DATABASE no es la dirección de una base de datos.
hub-bad-keys-environment = OLVIDO_HUB_KEYS_DATABASE no es la dirección de una base de datos.
hub-bad-environment-next = Escriba sqlite:RUTA o postgres://USUARIO:CONTRASEÑA@SERVIDOR/NOMBRE
hub-bad-store = una tienda no puede llamarse así.
hub-bad-store-next = Escriba de 1 a 32 signos: letras sin acentos, cifras y «_». Ningún número de tarjeta de pago.
hub-no-such-store = la central no tiene esa tienda.
hub-which-store = la central tiene más de una tienda.
hub-which-store-next = Nombre una de estas con --store: { $stores }
hub-none = aquí no hay ninguna central.
hub-none-next = Diga dónde está con --data, o haga una al dar de alta su primera caja: olvido hub enrol --store NOMBRE
hub-no-store = la central aún no tiene ninguna tienda.
hub-no-store-next = Haga una al dar de alta su primera caja: olvido hub enrol --store NOMBRE
hub-no-such-device = la tienda no tiene esa caja.
hub-no-such-device-next = Vea cuáles hay: olvido hub devices
hub-which-device = puede ser más de una caja.
hub-which-device-next = Dé su identificador, como en: olvido hub devices
hub-unreachable = no se llega a la base de datos.
hub-unreachable-next = Compruebe que está en marcha, su dirección, el usuario y la contraseña.
hub-not-replicated = ninguna réplica lo ha confirmado: puede perderse con esta base de datos.
hub-not-replicated-next = Compruebe las réplicas y hágalo otra vez.
hub-damaged = un archivo o una tabla de la central está dañado. No se ha cambiado nada.
hub-damaged-next = Copie antes la carpeta y la base de datos. Después restaure una copia: olvido hub restore ARCHIVO
hub-database-failed = la base de datos se niega.
hub-database-failed-next = Mire su propio diario e inténtelo otra vez.
hub-wrong-key = hub.key no es la clave con la que se creó esta central.
hub-wrong-key-next = Devuelva el hub.key correcto. Sin él, lo guardado queda cerrado.
hub-keys-missing = falta un archivo de claves de la central.
hub-keys-elsewhere = otro proceso ya atiende desde esta carpeta.
hub-keys-elsewhere-next = Deténgalo antes, o dé a este otra carpeta con --data.
hub-other-keys = estas claves no son las de esta base de datos.
hub-other-keys-next = Indique la carpeta o la --keys-database con que se usó.
hub-restore-unfinished = una restauración quedó a medias.
hub-restore-unfinished-next = Hágala otra vez: olvido hub restore ARCHIVO
backup-without-keys = esta copia no lleva claves: sus centrales las compartían en una base de datos.
backup-without-keys-next = Indique esa base de datos con --keys-database.
backup-other-mark = esta copia se hizo con otra hub.key, o alguien la cambió. Aquí no se cambió nada.
backup-other-mark-next = Ponga en su sitio la hub.key de esa central, o pruebe con otra copia.
hub-backup-unfinished = se está haciendo otra copia de esta central, o una interrumpida dejó algo que ahora no se puede borrar.
hub-backup-unfinished-next = Espere a que termine. Si no se está haciendo ninguna, vea qué hacer: olvido hub verify
backup-other-keys = las claves que hay aquí son de otra central: con ellas, todas las compras de la copia contarían como olvidadas.
backup-other-keys-next = Ponga las claves que le corresponden. Si se perdieron, empiece una central nueva y dé de alta otra vez las cajas: traen todo lo que tienen.
hub-refused = la central se niega.
hub-refused-next = Añada --help para ver qué es posible.
hub-no-certificate = este archivo no tiene un certificado en PEM.
hub-no-certificate-next = Dé uno que empiece por -----BEGIN CERTIFICATE-----
hub-no-key = este archivo no tiene una clave privada en PEM que se pueda usar.
hub-no-key-next = Dé la clave del certificado, sin contraseña.
hub-not-its-key = esta clave no es la del certificado.
hub-not-its-key-next = Dé los dos archivos que se hicieron juntos.
hub-not-made = no se pudo hacer un certificado.
hub-not-made-next = Dé uno: --cert ARCHIVO --key ARCHIVO
hub-plain = sin TLS, cualquiera en el camino podría leerlo todo.
hub-plain-next =
    Quite --plain, o escuche en 127.0.0.1.
    Detrás de un proxy con TLS, nómbrelo en hub.toml: proxy = ["10.0.0.5"]
hub-address-taken = otro programa escucha ahí.
hub-address-taken-next = Deténgalo, o elija otro puerto: --listen 127.0.0.1:7979
hub-address-denied = este usuario no puede escuchar ahí.
hub-address-denied-next = Elija un puerto desde 1024: --listen 127.0.0.1:7979
hub-address-none = este ordenador no tiene esa dirección.
hub-address-none-next = Dé una suya, o 0.0.0.0 para todas: --listen 0.0.0.0:7878
hub-listen-failed = la central no puede escuchar ahí.
hub-listen-failed-next = Compruebe la dirección e inténtelo otra vez.
hub-published = { $sent ->
    [one] A las cajas de { $store } se envía 1 producto.
   *[other] A las cajas de { $store } se envían { $sent } productos.
} { $unchanged ->
    [0] Ninguno estaba ya.
    [one] 1 sigue como estaba.
   *[other] { $unchanged } siguen como estaban.
}
hub-policy-published = A las cajas de { $store } se envía la versión { $version } de la política.
hub-policy-old = la central ya ha enviado esta versión de la política, u otra más nueva.
hub-policy-old-next = Suba «version» en la política y publíquela otra vez.

hub-not-told = aún no dicho
hub-quarantined = { $count ->
    [one] Atención: 1 registro incumple una regla y no está en ninguna suma ({ $reasons }).
   *[other] Atención: { $count } registros incumplen una regla y no están en ninguna suma ({ $reasons }).
}
hub-conflicts = { $count ->
    [one] Atención: 1 registro llegó con dos contenidos; se guardan ambos.
   *[other] Atención: { $count } registros llegaron con dos contenidos; se guardan ambos.
}

hub-looked-at = Revisado: { n-stores }, { n-records }, { n-tickets }, { n-purchases }; de ellas, borradas: { $erased }.
hub-verify-quarantined = { $count ->
    [one] 1 registro incumple una regla: vea olvido hub report
   *[other] { $count } registros incumplen una regla: vea olvido hub report
}
hub-found-database = No se puede leer una fila de la base de datos: { $subject }
hub-found-missing = Falta un registro: { $subject }
hub-found-changed = Un registro no es el que firmó su caja: { $subject }
hub-found-signature = Una serie de registros no está firmada por su caja: { $subject }
hub-found-unsound = Un tique se tomó por correcto y no lo es: { $subject }
hub-found-chain = Un tique no continúa la cadena: { $subject }
hub-found-sums = Las sumas no son las de los registros: { $subject }
hub-found-key-kept = La clave de algo olvidado sigue ahí: { $subject }
hub-found-bytes-kept = Los bytes de algo olvidado siguen ahí: { $subject }
hub-found-key-unused = Una clave no sella nada: { $subject }
hub-found-key-missing = Falta la clave de una compra: { $subject }
hub-found-key-damaged = Una ranura de hub.keys está dañada: { $subject }
hub-found-unopened = Una compra no se abre con su clave: { $subject }
hub-found-list = La lista de lo borrado y la base de datos no coinciden: { $subject }
hub-found-pending = Un olvido no está completo aquí: { $subject }
hub-found-records-next = Copie la carpeta y la base de datos y restaure una copia; las cajas envían otra vez lo que le falte.
hub-found-kept-next = Arranque la central: termina lo que quedó. Después compruebe otra vez.
hub-found-sealed-next = Restaure hub.keys con la base de datos de una copia; las cajas aún tienen las suyas.

hub-backup-made =
    La copia es { $file } ({ $size } kB): { n-records }, { n-purchases }.
    Solo se abre con { $key }: guarde una copia de esa clave en otro sitio.
    Guarde también { $list }: dice lo que se ha olvidado desde entonces.
hub-restored =
    Restaurado: { n-stores }, { n-records }, { n-purchases }; de ellas, olvidadas desde entonces: { $erased }.
    Las cajas traen lo posterior a la copia, y todo lo que han olvidado, cuando la central atienda otra vez.
hub-not-empty = la base de datos de la central no está vacía.
hub-not-empty-next = Nombre una vacía con --database, o aparte la antigua. Deje hub.key, hub.keys y erased.log donde están.
