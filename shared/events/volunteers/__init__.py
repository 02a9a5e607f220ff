"""Who helps: the events of volunteers (志愿服务). No field holds a person's data, only ids."""
