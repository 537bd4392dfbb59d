// What is known of one learner?
// params: id
MATCH (l:Learner {id: $id})
RETURN l.id AS id, l.kind AS kind, l.modality AS modality, l.method AS method,
       l.trained AS trained, l.config AS config, l.metrics AS metrics,
       l.artifact AS artifact, l.sha256 AS sha256, l.default AS default
